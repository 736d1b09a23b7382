//! One owner's tokens of each kind, and everything that can take their authority away.
use crate::authority::{Token, code, issue};
use crate::session::Session;

/// A workspace, its owner with `full`, a target with two zones, and a token of each kind.
pub struct Stage {
    /// What its names end with.
    pub n: usize,
    /// `full` in the workspace.
    pub ladder: Token,
    /// `agency`, one zone of the target.
    pub zoned: Token,
    /// `agency`, the whole target.
    pub whole: Token,
    /// `read`, without workspace.
    pub free: Token,
}

impl Stage {
    /// Sets the stage: workspaces `w§` and `elsewhere§`, user `u§`, target `t§` with zones `main` and `side`.
    #[track_caller]
    pub fn set(session: &Session, n: usize) -> Stage {
        session.rows(&format!(
            "insert into pgtoken.workspace (workspace_id) values ('w{n}'), ('elsewhere{n}');
             insert into pgtoken.app_user (user_id) values ('u{n}');
             insert into pgtoken.member (workspace_id, user_id, scope)
             values ('w{n}', 'u{n}', 'full'), ('elsewhere{n}', 'u{n}', 'full');
             insert into pgtoken.target (target_id, workspace_id) values ('t{n}', 'w{n}');
             insert into pgtoken.zone (target_id, zone_id) values ('t{n}', 'main'), ('t{n}', 'side');"
        ));
        let bound = format!("user_id => 'u{n}', workspace_id => 'w{n}'");
        Stage {
            n,
            ladder: issue(session, &format!("'ladder', {bound}, scope => 'full'")),
            zoned: issue(
                session,
                &format!(
                    "'zoned', {bound}, scope => 'agency', grants => '{{\"t{n}\": [\"main\"]}}'"
                ),
            ),
            whole: issue(
                session,
                &format!("'whole', {bound}, scope => 'agency', grants => '{{\"t{n}\": true}}'"),
            ),
            free: issue(
                session,
                &format!("'free', user_id => 'u{n}', scope => 'read'"),
            ),
        }
    }

    /// The codes of: `full` asked of the ladder token; the target asked of it; the target asked of the token with
    /// one zone; the target and that zone asked of the token with the whole target; `read` asked of the token
    /// without workspace.
    #[track_caller]
    pub fn codes(&self, session: &Session) -> String {
        let target = format!(", target => 't{}'", self.n);
        let zone = format!("{target}, zone => 'main'");
        [
            code(session, &self.ladder, ", scope => 'full'"),
            code(session, &self.ladder, &target),
            code(session, &self.zoned, &target),
            code(session, &self.whole, &zone),
            code(session, &self.free, ", scope => 'read'"),
        ]
        .join(" ")
    }

    /// The states of its tokens in the view; `gone` where there is none.
    #[track_caller]
    pub fn states(&self, session: &Session) -> String {
        [&self.ladder, &self.zoned, &self.whole, &self.free]
            .map(|token| {
                session
                    .rows(&format!(
                        "select state from pgtoken.tokens where id = '{}'",
                        token.id
                    ))
                    .pop()
                    .unwrap_or("gone".to_owned())
            })
            .join(" ")
    }
}

/// A reduction, the codes that follow, and the states of the four tokens.
pub struct Reduction {
    /// The statement, with `§` for the number of the stage.
    pub sql: &'static str,
    /// What [`Stage::codes`] says then.
    pub codes: &'static str,
    /// What [`Stage::states`] says then.
    pub states: &'static str,
}

/// What [`Stage::codes`] says while nothing was reduced.
pub const ALL_VALID: &str = "valid valid valid valid valid";

/// Everything in the directory that takes authority away.
pub const REDUCTIONS: &[Reduction] = &[
    Reduction {
        sql: "update pgtoken.app_user set disabled_at = now() where user_id = 'u§'",
        codes: "owner_disabled owner_disabled owner_disabled owner_disabled owner_disabled",
        states: "suspended suspended suspended suspended",
    },
    Reduction {
        sql: "delete from pgtoken.app_user where user_id = 'u§'",
        codes: "not_found not_found not_found not_found not_found",
        states: "gone gone gone gone",
    },
    Reduction {
        sql: "update pgtoken.member set scope = 'write' where workspace_id = 'w§'",
        codes: "insufficient_scope valid valid valid valid",
        states: "active active active active",
    },
    Reduction {
        sql: "update pgtoken.member set scope = 'read' where workspace_id = 'w§'",
        codes: "insufficient_scope valid insufficient_scope insufficient_scope valid",
        states: "active suspended suspended active",
    },
    Reduction {
        sql: "delete from pgtoken.member where workspace_id = 'w§'",
        codes: "not_a_member not_a_member not_a_member not_a_member valid",
        states: "suspended suspended suspended active",
    },
    Reduction {
        sql: "update pgtoken.workspace set disabled_at = now() where workspace_id = 'w§'",
        codes: "workspace_disabled workspace_disabled workspace_disabled workspace_disabled valid",
        states: "suspended suspended suspended active",
    },
    Reduction {
        sql: "delete from pgtoken.workspace where workspace_id = 'w§'",
        codes: "not_found not_found not_found not_found valid",
        states: "gone gone gone active",
    },
    Reduction {
        sql: "delete from pgtoken.target where target_id = 't§'",
        codes: "valid target_forbidden target_forbidden target_forbidden valid",
        states: "active suspended suspended active",
    },
    Reduction {
        sql: "delete from pgtoken.zone where target_id = 't§' and zone_id = 'main'",
        codes: "valid valid target_forbidden zone_forbidden valid",
        states: "active suspended active active",
    },
    Reduction {
        sql: "update pgtoken.target set workspace_id = 'elsewhere§' where target_id = 't§'",
        codes: "valid target_forbidden target_forbidden target_forbidden valid",
        states: "active suspended suspended active",
    },
];

/// A statement for one stage.
pub fn at(sql: &str, n: usize) -> String {
    sql.replace('§', &n.to_string())
}
