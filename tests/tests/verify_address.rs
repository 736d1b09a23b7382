//! Tokens that may be used only from some networks.
use pgtoken_tests::{ACME, code, issue, shared};

#[test]
fn token_with_networks_is_accepted_from_inside_them_and_denied_elsewhere() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', allowed_addrs => '{10.0.0.0/8, 192.168.1.7/32, 2001:db8::/32, ::1/128}'",
    )
    .text;
    for (address, inside) in [
        ("10.0.0.0", true),
        ("10.255.255.255", true),
        ("11.0.0.0", false),
        ("9.255.255.255", false),
        ("192.168.1.7", true),
        ("192.168.1.8", false),
        ("2001:db8::", true),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ("2001:db9::", false),
        ("::1", true),
        ("::2", false),
        // Networks as clients are inside as wholes or not at all.
        ("10.1.0.0/16", true),
        ("10.0.0.0/8", true),
        ("10.0.0.0/7", false),
        ("0.0.0.0/0", false),
        ("::/0", false),
        // Addresses of one family are in no network of the other.
        ("::ffff:10.0.0.1", false),
        ("::10.0.0.1", false),
        ("a00::", false),
        ("32.1.13.184", false),
    ] {
        let ask = format!("client_addr => '{address}'");
        let expected = if inside { "valid" } else { "address_forbidden" };
        assert_eq!(code(&mut client, &token, &ask), expected, "{address}");
    }
}

#[test]
fn token_with_networks_is_denied_where_no_address_is_given() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', allowed_addrs => '{0.0.0.0/0, ::/0}'",
    )
    .text;
    assert_eq!(code(&mut client, &token, ""), "address_forbidden");
    let null = "client_addr => null";
    assert_eq!(code(&mut client, &token, null), "address_forbidden");
    for address in ["127.0.0.1", "::1"] {
        let ask = format!("client_addr => '{address}'");
        assert_eq!(code(&mut client, &token, &ask), "valid");
    }
}

#[test]
fn address_of_the_database_connection_counts_for_nothing() {
    let db = shared().database();
    db.execute(ACME);
    let url = db.url("postgres");
    let mut client = postgres::Client::connect(&url, postgres::NoTls).expect("connect over TCP");
    let token = issue(
        &mut client,
        "'one', 'owner', allowed_addrs => '{127.0.0.1/32}'",
    )
    .text;
    assert_eq!(code(&mut client, &token, ""), "address_forbidden");
}

#[test]
fn token_without_networks_is_accepted_from_everywhere() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner', allowed_addrs => '{}'").text;
    for address in ["null", "'10.0.0.1'", "'::1'", "'0.0.0.0/0'"] {
        let ask = format!("client_addr => {address}");
        assert_eq!(code(&mut client, &token, &ask), "valid", "{address}");
    }
}

#[test]
fn null_network_lets_nobody_in() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', allowed_addrs => '{10.0.0.0/8}'",
    );
    // The functions store no null; a superuser can, and must not open the door with it.
    for networks in ["{null}", "{null, 192.168.0.0/16}"] {
        let update = "update pgtoken.token set allowed_addrs = $1::text::cidr[] where id = $2";
        client
            .execute(update, &[&networks, &token.id])
            .expect("update");
        for ask in [
            "",
            "client_addr => '10.0.0.1'",
            "client_addr => '0.0.0.0/0'",
        ] {
            let got = code(&mut client, &token.text, ask);
            assert_eq!(got, "address_forbidden", "{networks}, asked ({ask})");
        }
    }
    let ask = "client_addr => '192.168.3.4'";
    assert_eq!(code(&mut client, &token.text, ask), "valid");
}

#[test]
fn narrowed_networks_are_in_force_in_the_next_statement() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(
        &mut client,
        "'one', 'owner', allowed_addrs => '{10.0.0.0/8}'",
    );
    let ask = "client_addr => '10.1.0.1'";
    assert_eq!(code(&mut client, &token.text, ask), "valid");
    let narrow = "select from pgtoken.update_token($1, allowed_addrs => '{10.2.0.0/16}')";
    client.execute(narrow, &[&token.id]).expect("narrow");
    assert_eq!(code(&mut client, &token.text, ask), "address_forbidden");
}

#[test]
fn hundreds_of_networks_are_all_looked_at() {
    let db = shared().database();
    db.execute(ACME);
    let mut client = db.client();
    let token = issue(&mut client, "'one', 'owner'");
    let update = "update pgtoken.token
        set allowed_addrs = array(select cidr(format('10.%s.%s.0/24', n / 100, n % 100)) from generate_series(0, 999) as n)
        where id = $1";
    client.execute(update, &[&token.id]).expect("update");
    for (address, expected) in [
        ("10.0.0.1", "valid"),
        ("10.9.99.1", "valid"),
        ("10.9.100.1", "address_forbidden"),
    ] {
        let ask = format!("client_addr => '{address}'");
        assert_eq!(code(&mut client, &token.text, &ask), expected, "{address}");
    }
}
