//! `/v1/forward-auth`: gateways ask whether a client's request may pass.
//!
//! On exactly this path the gateway states the requirement, in its query. Below it stands the name
//! of a policy and, for Envoy, the client's own path and query: there the policy alone requires.
//!
//! 200 with an empty body and all identity headers, or 401 or 403; 429 only where the gateway was
//! configured for it; 503 only where nothing can be decided.
use super::{headers, is_guess, requirement};
use crate::app::App;
use crate::policies::{Observed, Policy, Requirement, Source};
use crate::problem::Problem;
use crate::request::Request;
use crate::response::{self, Response};
use crate::verifier::{Presented, Question, Verdict};
use hyper::StatusCode;

const PATH: &str = "/v1/forward-auth";

/// Answers it.
pub async fn answer(app: &App, request: Request) -> Result<Response, Problem> {
    let token = match request.credential() {
        Ok(Some(token)) => token,
        Ok(None) => return Err(Problem::unauthenticated()),
        // Two different ones: gateway and upstream might each believe another.
        Err(_) => return Err(Problem::invalid_token()),
    };
    let Some(requirement) = required(app, &request) else {
        return Err(Problem::insufficient_scope(
            "no requirement is known that this request could meet",
        ));
    };
    // The address of a gateway that is not trusted stands for all of its clients.
    let guesser = request.is_forwarded().then_some(request.client_addr);
    if let Some(wait) = guesser.and_then(|address| app.guesses.wait(address)) {
        app.metrics.count_refused_guess();
        return Err(limited(requirement.shows_429, wait.as_secs() + 1));
    }
    let shows_429 = requirement.shows_429;
    let question = Question {
        presented: Presented::text(token.as_bytes()),
        scope: requirement.scope,
        permissions: requirement.permissions,
        workspace_id: requirement.workspace,
        target: requirement.target,
        zone: requirement.zone,
        client_addr: Some(request.client_addr),
        consume: true,
    };
    let verdict = app.verifier.ask(question).await?;
    if verdict.is_valid() {
        let mut response = response::empty(StatusCode::OK);
        headers::write(&verdict, response.headers_mut());
        return Ok(response);
    }
    if let Some(address) = guesser
        && is_guess(verdict.code())
    {
        app.guesses.count(address);
    }
    Err(denial(&verdict, shows_429))
}

/// What the request must be allowed to do; `None` denies.
fn required(app: &App, request: &Request) -> Option<Requirement> {
    let below = request.path().strip_prefix(PATH)?;
    if below.is_empty() {
        return requirement::of_query(request.raw_query());
    }
    let below = below.strip_prefix('/')?;
    let name_len = below.find('/').unwrap_or(below.len());
    let (name, rest) = below.split_at(name_len);
    let policy = app.policies.get(name)?;
    if !policy.observes() {
        return policy.requirement(None);
    }
    policy.requirement(Some(observed(policy, request, rest)?))
}

/// The client's request as its gateway tells it. A header that is there twice is not the gateway's alone.
fn observed<'a>(policy: &Policy, request: &'a Request, rest: &'a str) -> Option<Observed<'a>> {
    let (target, method) = match policy.source() {
        Source::Rest => {
            return Some(Observed {
                method: request.method().as_str(),
                target: rest,
            });
        }
        Source::Forwarded => ("x-forwarded-uri", "x-forwarded-method"),
        Source::Original => ("x-original-uri", "x-original-method"),
    };
    let only = |name| {
        let mut values = request.headers().get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    Some(Observed {
        method: only(method)?,
        target: only(target)?,
    })
}

/// One answer to the outside for whatever is wrong with the token itself.
fn denial(verdict: &Verdict, shows_429: bool) -> Problem {
    match verdict.status() {
        401 => Problem::invalid_token(),
        429 => limited(shows_429, verdict.retry_after().unwrap_or(1).max(1) as u64),
        _ => Problem::insufficient_scope("the token does not allow this request"),
    }
}

/// Some gateways know no third kind of denial.
fn limited(shows_429: bool, seconds: u64) -> Problem {
    if shows_429 {
        return Problem::too_many_requests("rate_limited", "too many requests", seconds);
    }
    Problem::insufficient_scope("too many requests")
}
