//! Clients who do everything at once on one stage, and the history of it.
use super::client::Client;
use super::record::{Act, Operation};
use super::stage::Stage;
use super::terms::{Birth, CASTING, Change, Grants, Kind, Place, Question, Rung, Scope, ZONES};
use pgtoken_tests::{Dice, wait_until};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Questions in one statement.
const MANY: u64 = 40;

const PATIENCE: Duration = Duration::from_secs(60);

/// Who plays on one stage after the other.
pub struct Company {
    pub clients: Vec<Client>,
    /// Who keeps rows moving to where other rows were.
    pub cleaner: postgres::Client,
    /// The clock of all.
    pub began: Instant,
}

impl Company {
    /// Sets a stage and plays on it until this many questions were asked and changes made; the history, in no order.
    pub fn play(&mut self, stage: &Stage, operations: usize) -> Vec<Operation> {
        let set = self.cleaner.batch_execute(&stage.directory());
        set.expect("the names are new");
        let (began, played) = (self.began, &AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let players: Vec<_> = (0..)
                .zip(&mut self.clients)
                .map(|(i, client)| {
                    let mut player = Player {
                        stage,
                        client,
                        dice: Dice::seeded(stage.n as u64 * 1_000 + i),
                        began,
                        history: Vec::new(),
                    };
                    scope.spawn(move || {
                        while played.load(Ordering::Relaxed) < operations {
                            let count = player.act();
                            played.fetch_add(count, Ordering::Relaxed);
                        }
                        player.history
                    })
                })
                .collect();
            clean(&mut self.cleaner, played, operations);
            let histories = players.into_iter().map(|player| {
                player
                    .join()
                    .expect("every answer is one of those expected")
            });
            histories.flatten().collect()
        })
    }
}

/// Removes dead rows again and again: those to come take their places. To freeze, vacuum waits for a page that is being
/// read, where it would pass it by.
fn clean(cleaner: &mut postgres::Client, played: &AtomicUsize, operations: usize) {
    const OFTEN: usize = 50;
    for turn in 1..=OFTEN {
        wait_until(PATIENCE, "the clients go on", || {
            played.load(Ordering::Relaxed) >= operations * turn / OFTEN
        });
        cleaner
            .batch_execute(
                "vacuum (freeze) pgtoken.token, pgtoken.token_target, pgtoken.token_zone",
            )
            .expect("vacuum is refused to nobody who owns a table");
    }
}

struct Player<'a> {
    stage: &'a Stage,
    client: &'a mut Client,
    dice: Dice,
    began: Instant,
    history: Vec<Operation>,
}

impl Player<'_> {
    /// Does something, and says how many operations it was.
    fn act(&mut self) -> usize {
        let start = self.began.elapsed();
        let act = match self.dice.roll(20) {
            0..7 => self.change(),
            7..9 => self.ask_many(),
            _ => None,
        };
        let act = act.unwrap_or_else(|| self.ask());
        let operation = Operation {
            start,
            end: self.began.elapsed(),
            act,
        };
        let count = operation.act.count();
        self.history.push(operation);
        count
    }

    fn ask(&mut self) -> Act {
        let question = self.question();
        Act::Asked(vec![(question, self.client.ask(self.stage, question))])
    }

    fn ask_many(&mut self) -> Option<Act> {
        let questions: Vec<Question> = (0..MANY).map(|_| self.question()).collect();
        let verdicts = self.client.ask_many(self.stage, &questions)?;
        Some(Act::Asked(questions.into_iter().zip(verdicts).collect()))
    }

    fn question(&mut self) -> Question {
        let dice = &mut self.dice;
        let known = self.stage.known();
        let token = known[dice.roll(known.len() as u64) as usize];
        let rung = [Rung::Read, Rung::Write, Rung::Full][dice.roll(3) as usize];
        let scope = match CASTING[token].kind {
            Kind::Confined => Scope::Agency,
            Kind::Free | Kind::Ladder(_) => Scope::Rung(rung),
        };
        Question {
            token,
            scope: match dice.roll(8) {
                0 => Some(Scope::Agency),
                1 => Some(Scope::Rung(rung)),
                2..5 => Some(scope),
                _ => None,
            },
            place: match dice.roll(4) {
                1.. if CASTING[token].kind == Kind::Free => Place::Nowhere,
                0 => Place::Nowhere,
                1 => Place::Target,
                _ => Place::Zone(dice.roll(ZONES.into()) as u8),
            },
        }
    }

    /// Makes a change that is possible now, if chance finds one.
    fn change(&mut self) -> Option<Act> {
        let change = self.choose()?;
        if !self.client.can(change) {
            return None;
        }
        let (outcome, issued) = self.client.make(self.stage, change);
        if let Change::Issue(token, _) = change {
            match issued {
                Some(issued) => self.stage.put(token, issued),
                None => self.stage.leave(token),
            }
        }
        Some(Act::Changed(change, outcome))
    }

    /// What takes away is rarer than what gives, so that there is always something to lose.
    fn choose(&mut self) -> Option<Change> {
        let dice = &mut self.dice;
        let rung =
            [Rung::Read, Rung::Write, Rung::Full, Rung::Full, Rung::Full][dice.roll(5) as usize];
        let gives = dice.roll(8) > 0;
        let zone = dice.roll(ZONES.into()) as u8;
        let token = dice.roll(CASTING.len() as u64) as usize;
        let role = CASTING[token];
        let grants = match dice.roll(4) {
            1.. if role.kind == Kind::Confined => {
                Grants::Zones(1 + dice.roll((1 << ZONES) - 1) as u8)
            }
            _ => Grants::Whole,
        };
        let is_known = self.stage.token(token).is_some();
        // Whoever rejoins finds the live tokens again, but for one that is imported at that very moment: the README
        // says so. Hence the two are on different stages.
        let imports = self.stage.n.is_multiple_of(2);
        match dice.roll(80) {
            0 if is_known => Some(Change::Revoke(token)),
            1..20 if is_known && role.kind == Kind::Confined => Some(Change::Grant(token, grants)),
            20..30 if is_known => Some(Change::Enable(token, gives)),
            30..34 => Some(Change::EnableUser(gives)),
            34..38 => Some(Change::EnableWorkspace(gives)),
            38..46 => Some(Change::Promote(rung)),
            46..50 if imports => None,
            46..50 if gives => Some(Change::Join(rung)),
            46..50 => Some(Change::Leave),
            50..56 => Some(Change::AddZone(zone)),
            56..60 => Some(Change::DropZone(zone)),
            60..80 if role.birth == Birth::Imported => imports.then_some(Change::Import(token)),
            60..80 if self.client.can(Change::Issue(token, grants)) && self.stage.take(token) => {
                Some(Change::Issue(token, grants))
            }
            _ => None,
        }
    }
}
