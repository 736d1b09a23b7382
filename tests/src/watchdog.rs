//! Cleaning up after a process that may end in any way.
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs a shell script as soon as this value is dropped or the test process is gone.
///
/// The script's shell reads from a pipe whose other end only this process holds, so that it
/// notices a clean exit, a panic, and SIGKILL alike. It is in a process group of its own, which
/// keeps a Ctrl-C in the terminal away from it.
pub struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Arms a watchdog. `shell` is `sh`, possibly under another user; `$1`, `$2`… in `script` are `arguments`.
    pub fn arm(mut shell: Command, script: &str, arguments: &[&str]) -> Watchdog {
        let shell = shell
            .arg("-c")
            .arg(format!(
                "read -r word && [ \"$word\" = disarm ] && exit 0\n{script}"
            ))
            .arg("watchdog")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh starts");
        Watchdog { shell }
    }

    /// Lets the watchdog go without running its script.
    pub fn disarm(mut self) {
        use std::io::Write;
        let mut pipe = self.shell.stdin.take().expect("stdin is piped");
        let _ = pipe.write_all(b"disarm\n");
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
