//! A few workers over many cases.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use super::{
    case::Case,
    host::Host,
    run::{self, Options, Report, Verdict},
};

/// Runs the cases; `seen` is told of each as it ends. The reports come in the cases' order.
pub fn run(
    cases: &[Case],
    host: &Host,
    options: &Options,
    workers: usize,
    mut seen: impl FnMut(&Report),
) -> Vec<Report> {
    let next = AtomicUsize::new(0);
    let reports: Mutex<Vec<Option<Report>>> = Mutex::new(vec![None; cases.len()]);
    let (tell, told) = mpsc::channel::<Report>();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (next, reports, tell) = (&next, &reports, tell.clone());
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a runtime can be made");
                let admin = runtime.block_on(host.client("postgres")).expect("the server runs");
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let report = runtime.block_on(run::run(case, host, &admin, options));
                    reports.lock().expect("no worker panics")[at] = Some(report.clone());
                    // Nobody listens any more only when the whole run is over.
                    let _ = tell.send(report);
                }
            });
        }
        drop(tell);
        for report in told {
            seen(&report);
        }
    });
    reports.into_inner().expect("no worker panics").into_iter().flatten().collect()
}

/// How many passed, passed with the columns in the target's order, were skipped, failed.
pub fn count(reports: &[Report]) -> [usize; 4] {
    let mut count = [0; 4];
    for report in reports {
        match report.verdict {
            Verdict::Passed { strict, .. } => {
                count[0] += 1;
                count[1] += usize::from(strict);
            }
            Verdict::Skipped(_) => count[2] += 1,
            Verdict::Failed(_) => count[3] += 1,
        }
    }
    count
}
