//! `stats conns`.

use super::Rows;
use crate::shared::Context;

/// Rows of all connections, in the order in which they came. Their numbers are those of `CLIENT LIST`.
pub fn write(context: &Context<'_>, rows: &mut dyn Rows) {
    for client in context.shared.clients.all() {
        let serial = client.serial;
        let idle_s = context.now_ms.saturating_sub(client.active_ms()) / 1000;
        rows.row(&format!("{serial}:addr"), &transport(&client.peer));
        rows.row(&format!("{serial}:listen_addr"), &transport(&client.local));
        rows.row(&format!("{serial}:state"), &"conn_read");
        rows.row(&format!("{serial}:secs_since_last_cmd"), &idle_s);
    }
}

/// An address with its transport, as memcached writes it.
fn transport(address: &str) -> String {
    match address {
        unix if unix.starts_with("unix:") => unix.to_owned(),
        v6 if v6.starts_with('[') => format!("tcp6:{v6}"),
        v4 => format!("tcp:{v4}"),
    }
}
