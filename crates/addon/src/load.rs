//! The load generator as a JavaScript object.

use crate::error::{Code, Result, invalid_option};
use crate::number::{whole, whole_usize};
use napi::bindgen_prelude::Object;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use ringstone_load::{
    Control, Distribution, Error, Latency, Options, Phase, Problem, Progress, Protocol, Report, Target,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Reports of progress that wait for a busy JavaScript thread; above it the newest are dropped.
const MAX_QUEUED_PROGRESS: usize = 16;

/// Weak: does not hold the process open; the promise does.
type ProgressFunction = ThreadsafeFunction<LoadProgress, (), LoadProgress, Status, false, true, MAX_QUEUED_PROGRESS>;

/// What the server is asked in.
#[napi(string_enum = "lowercase")]
pub enum LoadProtocol {
    /// memcached's text protocol.
    Memcached,
    /// RESP2.
    Resp,
}

/// Everything a run needs to know. Sizes in bytes, times in milliseconds; numbers are whole but for `rate` and `theta`.
#[napi(object)]
pub struct LoadOptions {
    /// `127.0.0.1:11211`, `[::1]:11211`: numeric. This or `path`.
    pub address: Option<String>,
    /// Of a unix socket.
    pub path: Option<String>,
    /// Its protocol.
    pub protocol: LoadProtocol,
    /// Over all threads.
    pub connections: f64,
    /// That send.
    pub threads: f64,
    /// Requests on their way per connection.
    pub pipeline: f64,
    /// Share of gets.
    pub gets: f64,
    /// Share of sets.
    pub sets: f64,
    /// Shortest value.
    pub min_value_size: f64,
    /// Longest value.
    pub max_value_size: f64,
    /// Different keys.
    pub keys: f64,
    /// Start of every key.
    pub key_prefix: String,
    /// Length of every key.
    pub key_size: f64,
    /// That a get asks for at once.
    pub keys_per_get: f64,
    /// Of a Zipf distribution; uniform without.
    pub theta: Option<f64>,
    /// Set every key once before.
    pub preload: bool,
    /// Load before that is not counted.
    pub warmup_ms: f64,
    /// How long to send, where `requests` does not say.
    pub duration_ms: f64,
    /// How many to send.
    pub requests: Option<f64>,
    /// Requests per second; closed loop without.
    pub rate: Option<f64>,
    /// A connection that owes a reply and is silent for so long is given up.
    pub timeout_ms: f64,
    /// Between reports of progress; none without.
    pub progress_ms: Option<f64>,
    /// Process whose CPU time is read.
    pub server_pid: Option<f64>,
    /// The same seed gives the same requests.
    pub seed: f64,
}

impl TryFrom<LoadOptions> for Options {
    type Error = napi::Error<Code>;

    fn try_from(options: LoadOptions) -> Result<Self> {
        let target = match (options.address, options.path) {
            (Some(address), None) => Target::Tcp(
                address
                    .parse()
                    .map_err(|_| invalid_option(format!("{address} is not a numeric address with a port")))?,
            ),
            (None, Some(path)) => Target::Unix(path.into()),
            _ => return Err(invalid_option("a target has either an address or a path")),
        };
        let milliseconds = |name, value| Ok::<_, Self::Error>(Duration::from_millis(whole(name, value)?));
        let small = |name: &str, value| {
            u32::try_from(whole(name, value)?).map_err(|_| invalid_option(format!("{name} is too large: {value}")))
        };
        Ok(Options {
            target,
            protocol: match options.protocol {
                LoadProtocol::Memcached => Protocol::Memcached,
                LoadProtocol::Resp => Protocol::Resp,
            },
            connections: whole_usize("connections", options.connections)?,
            threads: whole_usize("threads", options.threads)?,
            pipeline: whole_usize("pipeline", options.pipeline)?,
            gets: small("gets", options.gets)?,
            sets: small("sets", options.sets)?,
            min_value_size: whole_usize("minValueSize", options.min_value_size)?,
            max_value_size: whole_usize("maxValueSize", options.max_value_size)?,
            keys: whole("keys", options.keys)?,
            key_prefix: options.key_prefix,
            key_size: whole_usize("keySize", options.key_size)?,
            keys_per_get: whole_usize("keysPerGet", options.keys_per_get)?,
            distribution: options.theta.map_or(Distribution::Uniform, Distribution::Zipf),
            preload: options.preload,
            warmup: milliseconds("warmupMs", options.warmup_ms)?,
            duration: milliseconds("durationMs", options.duration_ms)?,
            requests: options.requests.map(|requests| whole("requests", requests)).transpose()?,
            rate: options.rate,
            timeout: milliseconds("timeoutMs", options.timeout_ms)?,
            progress: options.progress_ms.map(|ms| milliseconds("progressMs", ms)).transpose()?,
            server_pid: options.server_pid.map(|pid| small("serverPid", pid)).transpose()?,
            seed: whole("seed", options.seed)?,
        })
    }
}

/// Where a run stands.
#[napi(object)]
pub struct LoadProgress {
    /// Now.
    #[napi(ts_type = "'preload' | 'warmup' | 'measure'")]
    pub phase: String,
    /// Since the phase began, in seconds.
    pub elapsed: f64,
    /// In this phase.
    pub replies: f64,
    /// Per second, since the last report.
    pub replies_per_second: f64,
    /// Error replies in this phase.
    pub failed: f64,
    /// Connections that are not given up.
    pub open_connections: f64,
}

impl From<Progress> for LoadProgress {
    fn from(progress: Progress) -> Self {
        let phase = match progress.phase {
            Phase::Preload => "preload",
            Phase::Warmup => "warmup",
            Phase::Measure => "measure",
        };
        LoadProgress {
            phase: phase.to_owned(),
            elapsed: progress.elapsed_s,
            replies: progress.replies as f64,
            replies_per_second: progress.replies_per_s,
            failed: progress.failed as f64,
            open_connections: progress.open_connections as f64,
        }
    }
}

/// Latencies in microseconds.
#[napi(object)]
pub struct LoadLatency {
    /// Replies.
    pub count: f64,
    /// Shortest.
    pub min: f64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// 99.99 %.
    pub p9999: f64,
    /// Longest.
    pub max: f64,
}

impl From<Latency> for LoadLatency {
    fn from(latency: Latency) -> Self {
        LoadLatency {
            count: latency.count as f64,
            min: latency.min_us,
            mean: latency.mean_us,
            p50: latency.p50_us,
            p90: latency.p90_us,
            p95: latency.p95_us,
            p99: latency.p99_us,
            p999: latency.p999_us,
            p9999: latency.p9999_us,
            max: latency.max_us,
        }
    }
}

/// Something that should not be.
#[napi(object)]
pub struct LoadProblem {
    /// In words.
    pub message: String,
    /// Times.
    pub count: f64,
}

impl From<Problem> for LoadProblem {
    fn from(problem: Problem) -> Self {
        LoadProblem { message: problem.message, count: problem.count as f64 }
    }
}

/// What a run has found. Counts are those of the measurement; problems are those of preload and warm-up too.
#[napi(object)]
pub struct LoadReport {
    /// It was stopped before its end.
    pub interrupted: bool,
    /// Keys that the preload has set.
    pub preloaded: f64,
    /// From the first request to the last reply, in seconds.
    pub elapsed: f64,
    /// Sent.
    pub requests: f64,
    /// Answered, with an error or without.
    pub replies: f64,
    /// Over `elapsed`.
    pub replies_per_second: f64,
    /// Keys that gets found a value for.
    pub hits: f64,
    /// Keys that gets found none for.
    pub misses: f64,
    /// Sets that were done.
    pub stored: f64,
    /// Sets that were not done, without an error.
    pub not_stored: f64,
    /// Error replies.
    pub failed: f64,
    /// Sent, and no reply came.
    pub unanswered: f64,
    /// Due at the fixed rate, and not sent.
    pub unsent: f64,
    /// Of requests.
    pub bytes_sent: f64,
    /// Of replies.
    pub bytes_received: f64,
    /// Gets and sets together.
    pub latency: LoadLatency,
    /// Gets.
    pub get_latency: LoadLatency,
    /// Sets.
    pub set_latency: LoadLatency,
    /// At a fixed rate, what at most of each latency was the load's own lateness.
    pub load_latency: Option<LoadLatency>,
    /// What is left of each latency without it.
    pub rest_latency: Option<LoadLatency>,
    /// CPU time of the server's process, in microseconds.
    pub server_cpu: Option<f64>,
    /// Time that its threads were ready to run and others had the CPU, in microseconds.
    pub server_wait: Option<f64>,
    /// CPU time of the server's process per reply.
    pub server_cpu_per_reply: Option<f64>,
    /// The most frequent first.
    pub problems: Vec<LoadProblem>,
}

impl From<Report> for LoadReport {
    fn from(report: Report) -> Self {
        LoadReport {
            interrupted: report.interrupted,
            preloaded: report.preloaded as f64,
            elapsed: report.elapsed_s,
            requests: report.requests as f64,
            replies: report.replies as f64,
            replies_per_second: report.replies_per_s,
            hits: report.hits as f64,
            misses: report.misses as f64,
            stored: report.stored as f64,
            not_stored: report.not_stored as f64,
            failed: report.failed as f64,
            unanswered: report.unanswered as f64,
            unsent: report.unsent as f64,
            bytes_sent: report.bytes_sent as f64,
            bytes_received: report.bytes_received as f64,
            latency: report.latency.into(),
            get_latency: report.get_latency.into(),
            set_latency: report.set_latency.into(),
            load_latency: report.load_latency.map(Into::into),
            rest_latency: report.rest_latency.map(Into::into),
            server_cpu: report.server_cpu_us,
            server_wait: report.server_wait_us,
            server_cpu_per_reply: report.server_cpu_us_per_reply,
            problems: report.problems.into_iter().map(LoadProblem::from).collect(),
        }
    }
}

/// Why a run could not begin.
#[napi(object)]
pub struct LoadFailure {
    /// Stable, `RINGSTONE_CONNECT_FAILED` and the like.
    pub code: String,
    /// In words.
    pub message: String,
}

/// How a run ended: one of the two. A promise of Node-API cannot be rejected with a code of ours.
#[napi(object)]
pub struct LoadOutcome {
    /// What it has found.
    pub report: Option<LoadReport>,
    /// Why it could not begin.
    pub failure: Option<LoadFailure>,
}

impl From<std::result::Result<Report, Error>> for LoadOutcome {
    fn from(ended: std::result::Result<Report, Error>) -> Self {
        match ended {
            Ok(report) => LoadOutcome { report: Some(report.into()), failure: None },
            Err(error) => {
                let failure = LoadFailure { code: error.code().to_owned(), message: error.to_string() };
                LoadOutcome { report: None, failure: Some(failure) }
            }
        }
    }
}

/// A load that can be stopped.
#[napi]
pub struct NativeLoad {
    options: Options,
    control: Arc<Control>,
}

#[napi]
impl NativeLoad {
    /// Checks the options.
    #[napi(constructor)]
    pub fn new(options: LoadOptions) -> Result<Self> {
        Ok(Self { options: options.try_into()?, control: Arc::default() })
    }

    /// Runs it on threads of its own.
    #[napi(ts_return_type = "Promise<LoadOutcome>")]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        #[napi(ts_arg_type = "(progress: LoadProgress) => void")] on_progress: ProgressFunction,
    ) -> napi::Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred::<LoadOutcome, _>()?;
        let (options, control) = (self.options.clone(), Arc::clone(&self.control));
        env.add_env_cleanup_hook(Arc::downgrade(&control), |control| {
            if let Some(control) = control.upgrade() {
                control.stop();
            }
        })?;
        let mut observe = move |progress: Progress| {
            // A full queue or a closing environment loses a report of progress, never the run.
            let _ = on_progress.call(progress.into(), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let body = move || {
            let ended = catch_unwind(AssertUnwindSafe(|| ringstone_load::run(&options, &control, &mut observe)));
            drop(observe);
            match ended {
                Ok(ended) => deferred.resolve(move |_| Ok(ended.into())),
                Err(_) => deferred.reject(napi::Error::new(Status::GenericFailure, "the load has panicked".to_owned())),
            }
        };
        let thread = std::thread::Builder::new().name("rs-load".to_owned()).spawn(body);
        thread.map_err(|error| napi::Error::new(Status::GenericFailure, format!("no thread for the load: {error}")))?;
        Ok(promise)
    }

    /// Ends the run early; its report covers what was done.
    #[napi]
    pub fn stop(&self) {
        self.control.stop();
    }
}
