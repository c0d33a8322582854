//! Descriptors: how many files and sockets the process may have open.

/// What databases, logs and the process itself may need beside the connections of clients.
const RESERVED: u64 = 256;

/// Raises the process's own limit of open files, as far as the system lets it, until so many connections fit beside
/// everything else. Answers how many fit: what was wanted, or fewer.
#[cfg(unix)]
pub(crate) fn make_room(connections: usize) -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    let files = Resource::RLIMIT_NOFILE;
    let Ok((mut limit, highest)) = getrlimit(files) else { return connections };
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(RESERVED).min(highest);
    if limit < wanted && setrlimit(files, wanted, highest).is_ok() {
        limit = wanted;
    }
    let room = room(limit);
    if room < connections {
        tracing::warn!(open_files = limit, connections = room, "fewer connections than max_connections");
    }
    room.min(connections)
}

#[cfg(not(unix))]
pub(crate) fn make_room(connections: usize) -> usize {
    connections
}

/// How many connections fit into a limit of open files. Where it is tight, half are for connections.
fn room(limit: u64) -> usize {
    usize::try_from(limit.saturating_sub(RESERVED).max(limit / 2)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::room;

    #[test]
    fn connections_leave_room_for_the_rest() {
        for (limit, expected) in [(1_048_576, 1_048_320), (1024, 768), (256, 128), (64, 32)] {
            assert_eq!(room(limit), expected, "{limit}");
        }
    }
}
