//! Which words of a request are keys, by the table.

use super::args::Args;
use super::command::{Command, SUBCOMMANDS, Spec};

/// Parts a container's name from a subcommand's.
const BAR: char = '|';

/// The subcommands of a container, if it is one.
pub fn subcommands(container: Command) -> &'static [Spec] {
    let first = SUBCOMMANDS.iter().position(|spec| spec.id == container).unwrap_or(SUBCOMMANDS.len());
    let rest = &SUBCOMMANDS[first..];
    &rest[..rest.iter().take_while(|spec| spec.id == container).count()]
}

/// The row that a request goes by: its subcommand's if the command is a container. `None` for a subcommand that is not there.
pub fn resolve(spec: &'static Spec, args: Args<'_>) -> Option<&'static Spec> {
    let subcommands = subcommands(spec.id);
    if subcommands.is_empty() {
        return Some(spec);
    }
    let Some(word) = args.into_iter().nth(1) else { return Some(spec) };
    subcommands.iter().find(|row| is_subcommand(row, word))
}

fn is_subcommand(row: &Spec, word: &[u8]) -> bool {
    row.name.split_once(BAR).is_some_and(|(_, name)| name.as_bytes().eq_ignore_ascii_case(word))
}

/// The row of a name, which may be `container|subcommand`.
pub fn lookup_any(name: &[u8]) -> Option<&'static Spec> {
    match name.iter().position(|byte| *byte == BAR as u8) {
        None => super::command::lookup(name),
        Some(bar) => {
            let container = super::command::lookup(&name[..bar])?;
            subcommands(container.id).iter().find(|row| is_subcommand(row, &name[bar + 1..]))
        }
    }
}

/// The keys of a request, whose arity was checked, by its (sub)command's row.
pub fn keys<'a>(spec: &Spec, args: Args<'a>) -> impl Iterator<Item = &'a [u8]> + Clone + use<'a> {
    let first = usize::try_from(spec.first_key).unwrap_or(0);
    let step = usize::try_from(spec.key_step).unwrap_or(1).max(1);
    let last = match usize::try_from(spec.last_key) {
        Ok(last) => last,
        Err(_) => args.len().saturating_sub(spec.last_key.unsigned_abs() as usize),
    };
    let count = if first == 0 || last < first { 0 } else { (last - first) / step + 1 };
    args.into_iter().skip(first).step_by(step).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::command::lookup;

    fn keys_of(words: &[&str]) -> Vec<String> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let args = Args::List(&words);
        let spec = resolve(lookup(words[0]).expect("a command"), args).expect("a subcommand");
        keys(spec, args).map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    #[test]
    fn keys_are_where_the_table_says() {
        assert_eq!(keys_of(&["get", "a"]), ["a"]);
        assert_eq!(keys_of(&["set", "a", "b", "ex", "1"]), ["a"]);
        assert_eq!(keys_of(&["del", "a", "b", "c"]), ["a", "b", "c"]);
        assert_eq!(keys_of(&["mset", "a", "1", "b", "2"]), ["a", "b"]);
        assert_eq!(keys_of(&["mset", "a", "1", "b"]), ["a", "b"], "a request that will be refused");
        assert_eq!(keys_of(&["memory", "usage", "a", "samples", "5"]), ["a"]);
        assert!(keys_of(&["ping", "a"]).is_empty());
        assert!(keys_of(&["config", "get", "a"]).is_empty());
    }

    #[test]
    fn a_subcommand_is_found_by_either_way() {
        assert_eq!(lookup_any(b"CONFIG|Get").expect("there").name, "config|get");
        assert_eq!(lookup_any(b"config").expect("there").name, "config");
        assert!(lookup_any(b"config|no").is_none() && lookup_any(b"get|no").is_none() && lookup_any(b"|").is_none());
    }

    #[test]
    fn rows_of_subcommands_belong_together() {
        for spec in SUBCOMMANDS {
            let name = spec.name.split_once(BAR).expect("a bar").0;
            assert_eq!(lookup(name.as_bytes()).map(|container| container.id), Some(spec.id), "{}", spec.name);
            assert!(subcommands(spec.id).iter().any(|row| row.name == spec.name), "{} stands apart", spec.name);
        }
    }
}
