//! A headless Chromium, driven over WebDriver.
use crate::watchdog::Watchdog;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::runtime::Runtime;
use url::{ParseError, Url};

const DEADLINE: Duration = Duration::from_secs(15);

/// A window with an empty profile; dropping it ends the browser.
pub struct Browser {
    runtime: Runtime,
    client: Client,
    driver: Child,
    watchdog: Option<Watchdog>,
}

impl Browser {
    /// Starts chromedriver and a browser.
    pub fn start() -> Browser {
        // A session of its own has everything that the browser starts, in whichever process group.
        let mut driver = Command::new("setsid")
            .args(["chromedriver", "--port=0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is there: run 'make packages'");
        let profile = std::env::temp_dir().join(format!("pgtoken-browser-{}", driver.id()));
        let profile = profile
            .to_str()
            .expect("the temporary folder has a plain name");
        let watchdog = Watchdog::arm(
            Command::new("/bin/sh"),
            "kill -KILL $(ps -o pid= -s \"$1\"); rm -rf \"$2\"",
            &[&driver.id().to_string(), profile],
        );
        let port = port_of(&mut driver);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime of one thread");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            &format!("--user-data-dir={profile}"),
        ];
        let options = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let Value::Object(options) = options else {
            unreachable!("it is an object")
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let connecting = builder.capabilities(options).connect(&address);
        let client = runtime
            .block_on(connecting)
            .expect("chromedriver starts chromium");
        let browser = Browser {
            runtime,
            client,
            driver,
            watchdog: Some(watchdog),
        };
        browser.resize(1280, 900);
        browser
    }

    /// Opens an address, even if only what comes after # differs.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.must(
            "about:blank",
            self.runtime.block_on(self.client.goto("about:blank")),
        );
        self.must(url, self.runtime.block_on(self.client.goto(url)));
    }

    /// Forgets who was signed in, and what the last test left.
    #[track_caller]
    pub fn reset(&self) {
        self.offline(false);
        self.forget();
        self.resize(1280, 900);
        self.must(
            "about:blank",
            self.runtime.block_on(self.client.goto("about:blank")),
        );
        self.complaints();
    }

    /// Drops the cookies of the page's host, as if its session had ended.
    #[track_caller]
    pub fn forget(&self) {
        self.must(
            "cookies",
            self.runtime.block_on(self.client.delete_all_cookies()),
        );
    }

    /// Cuts the network off, or puts it back.
    #[track_caller]
    pub fn offline(&self, offline: bool) {
        let conditions = json!({ "offline": offline, "latency": 0, "throughput": -1 });
        let body = json!({ "network_conditions": conditions });
        let done = self.command("chromium/network_conditions", body);
        self.must("network", done);
    }

    /// Sets the size of the window.
    #[track_caller]
    pub fn resize(&self, width: u32, height: u32) {
        let done = self
            .runtime
            .block_on(self.client.set_window_size(width, height));
        self.must("resize", done);
    }

    /// Runs a function body in the page.
    #[track_caller]
    pub fn script(&self, body: &str) -> Value {
        self.must(
            body,
            self.runtime.block_on(self.client.execute(body, vec![])),
        )
    }

    /// Runs a function body that calls back its last argument.
    #[track_caller]
    pub fn script_later(&self, body: &str) -> Value {
        self.must(
            body,
            self.runtime
                .block_on(self.client.execute_async(body, vec![])),
        )
    }

    /// A picture of the window.
    #[track_caller]
    pub fn picture(&self) -> Vec<u8> {
        self.must(
            "screenshot",
            self.runtime.block_on(self.client.screenshot()),
        )
    }

    /// Goes back, as the button of the browser does.
    #[track_caller]
    pub fn back(&self) {
        self.must("back", self.runtime.block_on(self.client.back()));
    }

    /// Clicks what a CSS selector finds, as soon as it can be clicked.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.until(css, || {
            let element = self.find(Locator::Css(css))?;
            self.tap(&element)
        });
    }

    /// Clicks the button or link with this text.
    #[track_caller]
    pub fn press(&self, text: &str) {
        let path = format!(
            "(//dialog|//body)//*[self::button or self::a or self::label][normalize-space()={text:?}]"
        );
        self.until(text, || {
            let elements = self
                .runtime
                .block_on(self.client.find_all(Locator::XPath(&path)))
                .ok()?;
            // Behind a dialog nothing can be clicked; the last one is the one in front.
            elements.iter().rev().find_map(|element| self.tap(element))
        });
    }

    /// Clears a field and types into it.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.until(css, || {
            let element = self.find(Locator::Css(css))?;
            self.runtime.block_on(element.click()).ok()?;
            self.runtime
                .block_on(element.send_keys("\u{e009}a\u{e000}"))
                .ok()?;
            self.runtime.block_on(element.send_keys("\u{e003}")).ok()?;
            self.runtime.block_on(element.send_keys(text)).ok()
        });
    }

    /// Types into a field after what is there, special keys too.
    #[track_caller]
    pub fn keys(&self, css: &str, keys: &str) {
        self.until(css, || {
            let element = self.find(Locator::Css(css))?;
            self.runtime.block_on(element.send_keys(keys)).ok()
        });
    }

    /// The text of what a CSS selector finds, as it is seen.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        self.until(css, || {
            let element = self.find(Locator::Css(css))?;
            self.runtime.block_on(element.text()).ok()
        })
    }

    /// Waits until this is to be read somewhere.
    #[track_caller]
    pub fn see(&self, text: &str) {
        let script = format!(
            "return document.body.innerText.toLowerCase().includes({}.toLowerCase())",
            json!(text)
        );
        self.hold(text, &script);
    }

    /// Waits until this is nowhere to be read.
    #[track_caller]
    pub fn miss(&self, text: &str) {
        self.hold(
            text,
            &format!("return !document.body.innerText.includes({})", json!(text)),
        );
    }

    /// Waits until a function body returns true.
    #[track_caller]
    pub fn hold(&self, what: &str, body: &str) {
        self.until(what, || {
            let answer = self.runtime.block_on(self.client.execute(body, vec![]));
            (answer.ok()? == true).then_some(())
        });
    }

    /// The warnings and errors that the page gave so far, since they were last asked for.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", json!({ "type": "browser" }));
        let log = self.must("log", log);
        let entries = log.as_array().into_iter().flatten();
        let messages = entries.map(|entry| entry["message"].to_string());
        // A status is no fault of the page, and Chromium looks for the icon of a file that names none.
        let is_known =
            |message: &String| message.contains("status of 4") || message.contains("/favicon.ico");
        messages.filter(|message| !is_known(message)).collect()
    }

    fn command(&self, path: &'static str, body: Value) -> Result<Value, CmdError> {
        let own = Own { path, body };
        self.runtime.block_on(self.client.issue_cmd(own))
    }

    /// Clicks in the middle of the window, where no header that stays covers it.
    fn tap(&self, element: &Element) -> Option<()> {
        let body = "arguments[0].scrollIntoView({ block: 'center' })";
        let element_as_argument = serde_json::to_value(element).ok()?;
        let scrolling = self.client.execute(body, vec![element_as_argument]);
        self.runtime.block_on(scrolling).ok()?;
        self.runtime.block_on(element.click()).ok()
    }

    fn find(&self, locator: Locator<'_>) -> Option<Element> {
        self.runtime.block_on(self.client.find(locator)).ok()
    }

    #[track_caller]
    fn until<T>(&self, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
        let mut found = None;
        let start = std::time::Instant::now();
        while found.is_none() && start.elapsed() < DEADLINE {
            found = attempt();
            if found.is_none() {
                std::thread::sleep(Duration::from_millis(15));
            }
        }
        found.unwrap_or_else(|| {
            panic!(
                "waited in vain for {what:?}; the page shows:\n{}",
                self.shown()
            )
        })
    }

    fn shown(&self) -> String {
        let script = "return location.href + '\\n' + document.body.innerText";
        let shown = self.runtime.block_on(self.client.execute(script, vec![]));
        shown.map_or_else(
            |error| error.to_string(),
            |text| text.as_str().unwrap_or_default().to_owned(),
        )
    }

    #[track_caller]
    fn must<T>(&self, what: &str, done: Result<T, CmdError>) -> T {
        done.unwrap_or_else(|error| panic!("{what}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.client.clone().close());
        drop(self.watchdog.take());
        let _ = self.driver.wait();
    }
}

/// A command that is Chromium's own.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// The port that chromedriver says it took.
fn port_of(driver: &mut Child) -> u16 {
    let lines = BufReader::new(driver.stdout.take().expect("stdout is piped")).lines();
    let mut lines = lines.map_while(Result::ok);
    let line = lines.find(|line| line.contains("successfully on port "));
    let line = line.expect("chromedriver says its port");
    // What it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    let port = line
        .rsplit(' ')
        .next()
        .and_then(|word| word.trim_end_matches('.').parse().ok());
    port.unwrap_or_else(|| panic!("no port: {line}"))
}
