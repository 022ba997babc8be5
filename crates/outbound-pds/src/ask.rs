//! One question to PDS with all its tries: turn, token, breaker, request, judgement; and what is told of it in metrics.

use crate::backoff;
use crate::breaker::Breaker;
use crate::http;
use crate::judge::{Judged, PdsError, judge};
use crate::pace::{Pace, Urgency};
use crate::settings::Checked;
use crate::time::Time;
use crate::token::{Means, Token, Tokens};
use cpis_app::Entropy;
use cpis_format_fhir::pds::NotUnderstood;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Client, Url};
use std::sync::Arc;
use std::time::Duration;

/// The shortest time for which an absent PDS is left alone.
const REST_MIN: Duration = Duration::from_secs(2);

/// What is asked.
pub(crate) struct Question<'a> {
    /// `read` or `search`.
    pub operation: &'static str,
    pub url: Url,
    pub urgency: Urgency,
    /// One for everything that belongs together (`X-Correlation-ID`).
    pub correlation: &'a str,
}

/// What PDS said.
pub(crate) enum Said<T> {
    Answer(T),
    Nobody,
}

/// Everything that asking needs.
pub(crate) struct Asker {
    pub client: Client,
    pub settings: Checked,
    pub tokens: Tokens,
    pub pace: Pace,
    pub breaker: Breaker,
    pub time: Arc<dyn Time>,
    pub entropy: Arc<dyn Entropy>,
}

/// A fresh UUID.
pub(crate) fn id(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Why a try is followed by another, or is the last.
struct Failed {
    error: PdsError,
    /// The pause that was asked for.
    pause: Option<Duration>,
    is_last: bool,
}

impl Failed {
    fn again(word: &'static str, pause: Option<Duration>) -> Self {
        Self { error: PdsError::Away { pause: pause.unwrap_or_default(), word }, pause, is_last: false }
    }

    fn last(error: PdsError) -> Self {
        Self { error, pause: None, is_last: true }
    }
}

impl Asker {
    fn means(&self) -> Means<'_> {
        Means {
            client: &self.client,
            settings: &self.settings,
            time: &*self.time,
            entropy: &*self.entropy,
            breaker: &self.breaker,
        }
    }

    /// A token that serves now.
    pub async fn token(&self) -> Result<Arc<Token>, PdsError> {
        self.tokens.get(&self.means()).await
    }

    /// Asks until there is an answer, or no use in asking again. Each try has the same `X-Request-ID`.
    pub async fn ask<T>(
        &self,
        question: &Question<'_>,
        read: impl Fn(&[u8]) -> Result<T, NotUnderstood>,
    ) -> Result<Said<T>, PdsError> {
        let request_id = id(&*self.entropy);
        let (mut tries, mut renewed) = (0, false);
        loop {
            let failed = match self.once(question, &request_id, &read, &mut renewed).await {
                Ok(said) => return Ok(said),
                Err(failed) => failed,
            };
            tries += 1;
            let pause = failed.pause.unwrap_or_else(|| backoff::pause(tries, &*self.entropy));
            if failed.is_last || tries >= question.urgency.tries_max() || pause > question.urgency.patience() {
                return Err(match failed.error {
                    PdsError::Away { word, .. } => PdsError::Away { pause: pause.max(REST_MIN), word },
                    error => error,
                });
            }
            tracing::debug!(request_id, tries, error = %failed.error, "a request to PDS is sent again");
            self.time.pause(pause).await;
        }
    }

    /// One try, and one more with a fresh token.
    async fn once<T>(
        &self,
        question: &Question<'_>,
        request_id: &str,
        read: &impl Fn(&[u8]) -> Result<T, NotUnderstood>,
        renewed: &mut bool,
    ) -> Result<Said<T>, Failed> {
        let open = |pause| Failed { pause: Some(pause), ..Failed::last(PdsError::Away { pause, word: "open" }) };
        // Where PDS is away there is no use in waiting for a turn.
        self.breaker.look(self.time.elapsed()).map_err(open)?;
        let waits = |pause| Failed { pause: Some(pause), ..Failed::last(PdsError::Away { pause, word: "busy" }) };
        let turn = self.pace.turn(&*self.time, question.urgency).await.map_err(waits)?;
        loop {
            let token = self.token().await.map_err(|error| match error {
                PdsError::Away { pause, word } if word != "open" => {
                    Failed::again(word, Some(pause).filter(|pause| !pause.is_zero()))
                }
                PdsError::Away { pause, .. } => open(pause),
                error => Failed::last(error),
            })?;
            self.breaker.admit(self.time.elapsed()).map_err(open)?;
            let (judged, pause) = self.send(question, request_id, &token, read).await;
            return match judged {
                Judged::Answered(answer) => Ok(Said::Answer(answer)),
                Judged::Nobody(_) => Ok(Said::Nobody),
                Judged::Renew if !*renewed => {
                    *renewed = true;
                    self.tokens.forget(&token);
                    continue;
                }
                Judged::Renew => Err(Failed::last(PdsError::Refused("token"))),
                Judged::Busy => {
                    let pause = pause.unwrap_or_else(|| backoff::pause(1, &*self.entropy));
                    self.pace.hold(self.time.elapsed(), pause);
                    drop(turn);
                    Err(Failed::again("busy", Some(pause)))
                }
                Judged::Away(word) => Err(Failed::again(word, pause)),
                Judged::Garbled(word) => {
                    Err(Failed { error: PdsError::NotUnderstood(word), pause: None, is_last: false })
                }
                Judged::Refused(word) => Err(Failed::last(PdsError::Refused(word))),
            };
        }
    }

    async fn send<T>(
        &self,
        question: &Question<'_>,
        request_id: &str,
        token: &Token,
        read: impl Fn(&[u8]) -> Result<T, NotUnderstood>,
    ) -> (Judged<T>, Option<Duration>) {
        let request = self.client.get(question.url.clone()).header(ACCEPT, "application/fhir+json");
        let request = request.header(AUTHORIZATION, token.header.clone());
        let request = request.header("X-Request-ID", request_id).header("X-Correlation-ID", question.correlation);
        let request = match &self.settings.organisation {
            Some(code) => request.header("NHSD-End-User-Organisation-ODS", code.clone()),
            None => request,
        };
        let begun = self.time.elapsed();
        let answer = http::send(request, self.time.now()).await;
        let (judged, pause) = match answer {
            Ok(answer) => (judge(answer.status, &answer.body, read), answer.retry_after),
            Err(word) => (Judged::Away(word), None),
        };
        let now = self.time.elapsed();
        let outcome = match &judged {
            Judged::Answered(_) => "answered",
            Judged::Renew => "token",
            Judged::Busy => "busy",
            Judged::Garbled(_) => "not-understood",
            Judged::Nobody(word) | Judged::Away(word) | Judged::Refused(word) => word,
        };
        match &judged {
            Judged::Away(_) => self.breaker.failed(now),
            _ => self.breaker.succeeded(),
        }
        metrics::counter!("cpis_pds_requests_total", "operation" => question.operation, "outcome" => outcome)
            .increment(1);
        let took = now.saturating_sub(begun);
        metrics::histogram!("cpis_pds_seconds", "operation" => question.operation).record(took.as_secs_f64());
        (judged, pause)
    }
}
