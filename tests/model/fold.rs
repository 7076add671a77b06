//! Folding time: two moments that no future can tell apart are one state.

use crate::decide::{Entry, TICK};
use crate::setting::{Feature, Setting};
use crate::world::{Kids, State};

/// The same moment, without what matters no more: what is long past has only its order left, versions that nobody can read
/// again are gone, and keys are named by where they appear.
pub fn fold(mut state: State, setting: &Setting) -> State {
    state.tick = 0;
    drop_versions(&mut state, setting);
    drop_turns(&mut state);
    let mut files: Vec<&mut Vec<Entry>> = vec![&mut state.file];
    files.extend(state.half.as_mut().map(|half| &mut half.file));
    for file in files {
        // The age of a key that is on its way out for good matters to nobody.
        for key in
            file.iter_mut().skip(1).filter(|key| key.exp.is_some() && key.iat <= 0 && !setting.comes_back())
        {
            key.iat = i32::MIN / 2;
        }
        past(file, setting.long_ago(), |key| Some(&mut key.iat));
        past(file, 0, |key| key.nbf.as_mut());
        past(file, 0, |key| key.exp.as_mut());
    }
    rename(state)
}

fn drop_versions(state: &mut State, setting: &Setting) {
    let oldest = state.replicas.iter().copied().chain([state.merged]).min().unwrap_or(0);
    state.versions.drain(..usize::from(oldest));
    state.merged -= oldest;
    state.replicas.iter_mut().for_each(|replica| *replica -= oldest);
    state.replicas.sort_unstable();
    let slowest = usize::from(state.replicas[0]);
    for (at, version) in state.versions.iter_mut().enumerate() {
        // Whoever had to restart has.
        if at <= slowest || setting.has(Feature::Asked) {
            version.age = 0;
        }
    }
}

fn drop_turns(state: &mut State) {
    state.backends.sort_unstable();
    let slowest = state.backends[0];
    state.turns.drain(..usize::from(slowest));
    state.backends.iter_mut().for_each(|backend| *backend -= slowest);
    state.turns[0].age = 0;
    state.turns[0].once_known = false;
}

/// Dates before a moment are only compared with each other: their order is kept.
fn past(file: &mut [Entry], moment: i32, date: impl Fn(&mut Entry) -> Option<&mut i32>) {
    let mut dates: Vec<i32> = file.iter_mut().filter_map(|key| date(key).map(|date| *date)).collect();
    dates.retain(|date| *date < moment);
    dates.sort_unstable();
    dates.dedup();
    for key in file {
        if let Some(date) = date(key)
            && let Ok(rank) = dates.binary_search(date)
        {
            *date = moment - TICK * (dates.len() - rank) as i32;
        }
    }
}

fn rename(mut state: State) -> State {
    let mut order: Vec<u8> = Vec::new();
    let half = state.half.iter().flat_map(|half| &half.file);
    let ids = state.file.iter().chain(half).map(|key| key.id);
    let ids = ids.chain(state.turns.iter().map(|turn| turn.id)).chain(state.tokens.iter().map(|(id, _)| *id));
    for id in ids {
        if !order.contains(&id) {
            order.push(id);
        }
    }
    let place = |id: u8| order.iter().position(|other| *other == id).map_or(u8::MAX, |at| at as u8);
    let renamed = |kids: Kids| {
        order.iter().enumerate().filter(|(_, id)| kids >> **id & 1 == 1).fold(0, |all, (at, _)| all | 1 << at)
    };
    for version in &mut state.versions {
        version.kids = renamed(version.kids);
    }
    state.values = renamed(state.values);
    state.file.iter_mut().for_each(|key| key.id = place(key.id));
    state.half.iter_mut().flat_map(|half| &mut half.file).for_each(|key| key.id = place(key.id));
    state.turns.iter_mut().for_each(|turn| turn.id = place(turn.id));
    state.tokens.iter_mut().for_each(|(id, _)| *id = place(*id));
    state.tokens.sort_unstable();
    state
}
