//! Is a history linearizable: can each operation be given an instant between its start and its end, such that one
//! after the other in the order of these instants gives every answer that was given?
//!
//! The definition is that of Herlihy and Wing (1990).
//! The method is Lowe's just-in-time linearization (2017), a form of the search of Wing and Gong (1993): it goes
//! through starts and ends in the order of time and keeps every [`Course`] that things may have taken so far.
//! An operation has to take effect by its end at the latest. So at an end all courses in which it has not are carried
//! on by pending operations, in every order, until it has; those that cannot be are given up. Where none is left, no
//! order explains the answer.
//!
//! What only looks is let look as soon as a state gives its answer. That loses no course: what can follow without it
//! can follow with it. Courses that came to the same are kept once.
//!
//! The search is exact: it neither misses a history that no order explains nor suspects one that some order does.
//! It takes exponential time in the number of changes that are pending at once, and linear time in the length.
use super::model::State;
use super::record::Operation;
use std::collections::HashSet;

/// No order that respects real time explains this.
#[derive(Debug)]
pub struct Unexplained {
    /// Which operation has an answer that cannot be.
    pub operation: usize,
    /// What the state may have been by then.
    pub states: Vec<State>,
}

/// What may have happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Course {
    state: State,
    /// The pending operations that have taken effect, a bit for the place of each.
    done: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    // What starts at the very instant at which another ends may have come before it.
    Start,
    End,
}

/// Looks for an order that explains a history, from this state on. At most 64 operations are pending at once.
pub fn check(start: State, history: &[Operation]) -> Result<(), Unexplained> {
    let mut edges = Vec::with_capacity(2 * history.len());
    for (i, operation) in history.iter().enumerate() {
        edges.push((operation.start, Edge::Start, i));
        edges.push((operation.end, Edge::End, i));
    }
    edges.sort_unstable();
    let mut pending = Pending {
        history,
        places: Vec::new(),
    };
    let mut courses = vec![Course {
        state: start,
        done: 0,
    }];
    for (_, edge, operation) in edges {
        match edge {
            Edge::Start => {
                let bit = 1 << pending.add(operation);
                let act = &history[operation].act;
                let sees =
                    |course: &&mut Course| act.only_looks() && act.next(&course.state).is_some();
                for course in courses.iter_mut().filter(sees) {
                    course.done |= bit;
                }
            }
            Edge::End => {
                let (place, before) = (pending.place_of(operation), courses);
                courses = pending.carry_on(&before, 1 << place);
                if courses.is_empty() {
                    return Err(Unexplained {
                        operation,
                        states: before.iter().map(|course| course.state).collect(),
                    });
                }
                pending.places[place] = None;
            }
        }
    }
    Ok(())
}

/// The operations that have started and not ended; the place of one is its bit in [`Course::done`].
struct Pending<'a> {
    history: &'a [Operation],
    places: Vec<Option<usize>>,
}

impl Pending<'_> {
    /// Gives an operation a place.
    fn add(&mut self, operation: usize) -> usize {
        let free = self.places.iter().position(Option::is_none);
        let place = free.unwrap_or(self.places.len());
        if place == self.places.len() {
            self.places.push(None);
        }
        assert!(place < 64, "too many operations at once");
        self.places[place] = Some(operation);
        place
    }

    fn place_of(&self, operation: usize) -> usize {
        let place = self.places.iter().position(|held| *held == Some(operation));
        place.expect("what ends has started")
    }

    /// Lets everything look that only looks and has not seen what it answered.
    fn look(&self, course: &mut Course) {
        for (bit, operation) in self.not_in(course.done) {
            if operation.act.only_looks() && operation.act.next(&course.state).is_some() {
                course.done |= bit;
            }
        }
    }

    /// Every course in which the operation of `ending` has taken effect, with its bit cleared.
    fn carry_on(&self, courses: &[Course], ending: u64) -> Vec<Course> {
        let mut ended = HashSet::new();
        let mut seen: HashSet<Course> = courses.iter().copied().collect();
        let mut open = courses.to_vec();
        while let Some(course) = open.pop() {
            if course.done & ending != 0 {
                ended.insert(Course {
                    done: course.done & !ending,
                    ..course
                });
                continue;
            }
            for (bit, operation) in self.not_in(course.done) {
                if operation.act.only_looks() {
                    continue;
                }
                let Some(state) = operation.act.next(&course.state) else {
                    continue;
                };
                let mut next = Course {
                    state,
                    done: course.done | bit,
                };
                self.look(&mut next);
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        ended.into_iter().collect()
    }

    fn not_in(&self, done: u64) -> impl Iterator<Item = (u64, &Operation)> {
        let bits = self.places.iter().enumerate();
        bits.filter_map(move |(place, operation)| {
            let bit = 1 << place;
            (done & bit == 0).then_some((bit, &self.history[(*operation)?]))
        })
    }
}
