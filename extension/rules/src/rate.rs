//! Rates of tokens: the generic cell rate algorithm (GCRA) in whole nanoseconds.
//!
//! The whole state of a rate is one number, the *theoretical arrival time* (tat): the moment at which the rate is
//! fully restored.
//! Each admission moves it one interval (`window / limit`) into the future, and it may stand at most `limit`
//! intervals ahead of the clock.
//!
//! What that guarantees, for any two admissions: from the first to the second, both included, there were at most
//! `limit + elapsed / interval` admissions.
//! So `limit` may come at once, the mean never exceeds `limit` per window, and no window sees more than twice `limit`.

/// `limit` uses per window of `window_us` microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once, and how many per window in the long run; at least 1.
    pub limit: u32,
    /// The length of the window in microseconds; at least 1.
    pub window_us: u64,
}

/// What a rate says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may proceed once `tat` is stored.
    Admitted {
        /// The state after the request.
        tat: u64,
    },
    /// The request must wait.
    Limited {
        /// The state to keep; it differs from the one given only after the rate was changed.
        tat: u64,
        /// Nanoseconds until the same request is admitted, if nobody else asks.
        wait: u64,
    },
}

impl Rate {
    /// Decides one request at `now`, from the state that the last admission left (0 at first).
    /// `now` is read after the state is.
    ///
    /// A state further ahead than this rate can reach stems from a slower rate that has since been replaced, and is
    /// brought down to a used-up rate of this kind.
    pub fn decide(self, tat: u64, now: u64) -> Decision {
        let interval = self.interval();
        let burst = interval.saturating_mul(u64::from(self.limit.max(1)));
        let horizon = now.saturating_add(burst);
        let tat = tat.clamp(now, horizon);
        let next = tat.saturating_add(interval);
        if next <= horizon {
            Decision::Admitted { tat: next }
        } else {
            Decision::Limited {
                tat,
                wait: next - horizon,
            }
        }
    }

    /// Nanoseconds between two admissions at an even pace, rounded up so that the rate is never exceeded.
    fn interval(self) -> u64 {
        self.window_us
            .saturating_mul(1000)
            .div_ceil(u64::from(self.limit.max(1)))
            .max(1)
    }
}

/// A wait in whole seconds, rounded up, as `retry_after` and the HTTP header want it.
pub fn retry_after(wait: u64) -> i32 {
    i32::try_from(wait.div_ceil(1_000_000_000).max(1)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY_US: u64 = 86_400_000_000;

    fn rates() -> impl Strategy<Value = Rate> {
        let limit = prop_oneof![1..20u32, 1..=u32::MAX];
        let window = prop_oneof![1_000_000..60_000_000u64, 1_000_000..=31 * DAY_US];
        (limit, window).prop_map(|(limit, window_us)| Rate { limit, window_us })
    }

    /// A state that the rate itself can have left at `now`.
    fn states(rate: Rate, now: u64) -> impl Strategy<Value = u64> {
        0..=now + rate.interval() * u64::from(rate.limit)
    }

    fn rates_with_states() -> impl Strategy<Value = (Rate, u64, u64)> {
        (rates(), 0..1_000_000_000_000_000u64)
            .prop_flat_map(|(rate, now)| (Just(rate), states(rate, now), Just(now)))
    }

    #[test]
    fn the_whole_limit_may_come_at_once_and_not_one_more() {
        let rate = Rate {
            limit: 7,
            window_us: 1_000_000,
        };
        let mut tat = 0;
        for _ in 0..7 {
            let Decision::Admitted { tat: next } = rate.decide(tat, 5_000) else {
                panic!("limited too early")
            };
            tat = next;
        }
        assert_eq!(
            rate.decide(tat, 5_000),
            Decision::Limited {
                tat,
                wait: 142_857_143
            }
        );
    }

    #[test]
    fn a_loosened_rate_is_not_held_back_by_the_old_one() {
        let slow = Rate {
            limit: 1,
            window_us: 31 * DAY_US,
        };
        let fast = Rate {
            limit: 100,
            window_us: 1_000_000,
        };
        let Decision::Admitted { tat } = slow.decide(0, 1_000) else {
            panic!("the first request was limited")
        };
        let Decision::Limited { tat, wait } = fast.decide(tat, 1_000) else {
            panic!("the burst was not used up")
        };
        assert_eq!(wait, 10_000_000);
        assert!(matches!(
            fast.decide(tat, 1_000 + wait),
            Decision::Admitted { .. }
        ));
    }

    #[test]
    fn retry_after_is_in_whole_seconds_and_at_least_one() {
        assert_eq!(retry_after(0), 1);
        assert_eq!(retry_after(1_000_000_000), 1);
        assert_eq!(retry_after(1_000_000_001), 2);
        assert_eq!(retry_after(u64::MAX), i32::MAX);
    }

    proptest! {
        #[test]
        fn no_span_sees_more_than_the_limit_and_one_per_interval(
            limit in 1..20u32,
            window_us in 1_000_000..60_000_000u64,
            pauses in prop::collection::vec(prop_oneof![0..1000u64, 0..5_000_000_000u64], 1..200),
        ) {
            let rate = Rate { limit, window_us };
            let (mut now, mut tat, mut admitted) = (0, 0, Vec::new());
            for pause in pauses {
                now += pause;
                if let Decision::Admitted { tat: next } = rate.decide(tat, now) {
                    tat = next;
                    admitted.push(now);
                }
            }
            for (i, from) in admitted.iter().enumerate() {
                for (n, to) in admitted[i..].iter().enumerate() {
                    let most = u64::from(limit) + (to - from) / rate.interval();
                    let admissions = 1 + n as u64;
                    prop_assert!(admissions <= most, "{admissions} admissions in {} ns", to - from);
                }
            }
        }

        #[test]
        fn the_interval_never_exceeds_the_rate((rate, _, _) in rates_with_states()) {
            prop_assert!(u128::from(rate.interval()) * u128::from(rate.limit) >= u128::from(rate.window_us) * 1000);
        }

        #[test]
        fn asking_again_after_the_wait_succeeds_and_not_before((rate, tat, now) in rates_with_states()) {
            if let Decision::Limited { tat, wait } = rate.decide(tat, now) {
                prop_assert!(wait >= 1);
                let later = matches!(rate.decide(tat, now + wait), Decision::Admitted { .. });
                prop_assert!(later);
                let sooner = matches!(rate.decide(tat, now + wait - 1), Decision::Limited { .. });
                prop_assert!(sooner);
            }
        }

        #[test]
        fn a_denial_changes_nothing_while_the_rate_is_unchanged((rate, tat, now) in rates_with_states()) {
            if let Decision::Limited { tat: kept, .. } = rate.decide(tat, now) {
                prop_assert_eq!(kept, tat);
            }
        }

        #[test]
        fn a_state_in_the_past_is_worth_a_fresh_one((rate, _, now) in rates_with_states(), past in 0..1_000_000u64) {
            prop_assert_eq!(rate.decide(now.saturating_sub(past), now), rate.decide(0, now));
        }
    }
}
