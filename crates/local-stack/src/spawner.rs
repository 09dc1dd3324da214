//! The one thread that starts processes.
//!
//! Linux ties "tell me when my parent dies" to the *thread* that forked. A pool thread may end at
//! any time and would take the children with it, so all children are forked by one thread that
//! lives as long as this process.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{OnceLock, PoisonError};

use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getppid};

struct Order {
    command: Command,
    reply: SyncSender<io::Result<Child>>,
}

static ORDERS: OnceLock<std::sync::Mutex<Sender<Order>>> = OnceLock::new();

/// Starts `command` as a child in a process group of its own that gets `on_parent_death` when this
/// process ends, however it ends.
///
/// # Errors
/// When the process cannot be started.
pub fn spawn(mut command: Command, on_parent_death: Signal) -> io::Result<Child> {
    command.process_group(0);
    die_with_parent(&mut command, on_parent_death);
    let (reply, answer) = sync_channel(1);
    let orders = ORDERS.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for mut order in inbox {
                // The asker waits; if it is gone, the child dies with the dropped answer's process group or with us.
                let _ = order.reply.send(order.command.spawn());
            }
        });
        std::sync::Mutex::new(orders)
    });
    let gone = || io::Error::other("the spawning thread is gone");
    orders
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Order { command, reply })
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

/// Asks the kernel to signal the child when its parent dies.
///
/// The standard library changes user and group before it runs this hook, which matters: the kernel
/// forgets the request when credentials change.
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command, signal: Signal) {
    let parent: Pid = getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. prctl and getppid are;
    // nothing here allocates, locks or panics.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(signal)?;
            // The parent may have died before the request was made.
            if getppid() == parent {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(nix::libc::ESRCH))
            }
        });
    }
}
