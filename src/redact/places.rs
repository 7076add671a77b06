//! Where the secrets of a config are: by their place in the tree, and by their looks where none belongs.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::known::Known;
use super::looks::{
    base64_runs, ends_in_secret_name, in_query, is_secret_name, member_value, silences, user_info,
};
use super::texts::{connection_string, headers, in_line, is_base64_of_secret, pem};
use crate::config::{Config, Document, Kind, NodeId, Scalar, Span};
use crate::keyset::PRIVATE_MEMBERS;

/// A secret's bytes in the text, and its value.
pub(super) type SecretPart<'d> = (Span, &'d str);

/// All of them, in the order of the text. They may overlap. `beside`: values that are secret in another text.
pub(super) fn secret_parts<'d>(config: &'d Config<'_>, beside: &[Zeroizing<String>]) -> Vec<SecretPart<'d>> {
    let (doc, text) = (config.document(), config.text());
    let mut parts = values(config);
    let known = Known::of(looked_for(&parts).chain(beside.iter().map(|value| value.as_str())));
    let found = known.found(text, &names(doc)).into_iter().chain(pem(text)).chain(headers(text));
    parts.extend(found.map(|span| (span.clone(), &text[span])));
    parts.extend(in_blocks(config));
    parts.extend(in_comments(config));
    let mut parts = around_silences(doc, parts);
    // What is hidden ends with its line: the indentation of the next one stays.
    for (span, _) in &mut parts {
        span.end = span.start + text[span.clone()].trim_end().len();
    }
    parts.retain(|(span, _)| !span.is_empty());
    parts.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
    parts
}

/// The same without the heads of comments that silence rules: nothing around one hides it.
fn around_silences<'d>(doc: &'d Document<'_>, mut parts: Vec<SecretPart<'d>>) -> Vec<SecretPart<'d>> {
    let text = doc.text();
    for comment in doc.comments() {
        let Some(length) = silences(&text[comment.clone()]) else { continue };
        let head = comment.start..comment.start + length;
        let is_over = |(span, _): &SecretPart<'_>| span.start < head.end && head.start < span.end;
        let over: Vec<Span> = parts.extract_if(.., |part| is_over(part)).map(|(span, _)| span).collect();
        let pieces = over
            .into_iter()
            .flat_map(|span| [span.start..head.start.max(span.start), head.end.min(span.end)..span.end]);
        parts.extend(pieces.filter(|piece| !piece.is_empty()).map(|piece| (piece.clone(), &text[piece])));
    }
    parts
}

/// The values that are secret by their place.
pub(crate) fn secret_values(config: &Config<'_>) -> Vec<Zeroizing<String>> {
    looked_for(&values(config)).map(|value| Zeroizing::new(value.to_owned())).collect()
}

/// Of `user:password`, the password by itself, too.
fn looked_for<'v>(parts: &[SecretPart<'v>]) -> impl Iterator<Item = &'v str> {
    let passwords = parts.iter().filter_map(|(_, value)| Some(value.split_once(':')?.1));
    parts.iter().map(|(_, value)| *value).chain(passwords)
}

/// The names of members and the values of `type`, in the order of the text.
fn names(doc: &Document<'_>) -> Vec<Span> {
    let mut names = Vec::new();
    for (_, node) in doc.nodes() {
        let Kind::Mapping { members, .. } = &node.kind else { continue };
        for (name, value) in members {
            names.push(doc.node(*name).span.clone());
            if matches!(doc.string(*name), Some("type" | "kind" | "kty" | "alg")) {
                names.push(doc.node(*value).span.clone());
            }
        }
    }
    names.sort_by_key(|name| name.start);
    names
}

/// What is secret by its place, and in URIs.
fn values<'d>(config: &'d Config<'_>) -> Vec<SecretPart<'d>> {
    let (doc, edition) = (config.document(), config.edition());
    let secret = secret_nodes(doc);
    let mut parts = Vec::new();
    for (id, node) in doc.nodes() {
        let Kind::Scalar { text, .. } = &node.kind else { continue };
        if secret.contains(&id) {
            let harmless = match doc.scalar(id) {
                Some(Scalar::Null | Scalar::Bool(_)) => true,
                Some(Scalar::Env(name)) => edition.is_env_name(name),
                _ => false,
            };
            // A tag or an anchor in the wrong place may be a part of it.
            let tagged = !matches!(doc.scalar(id), Some(Scalar::Env(_)));
            let start = if tagged { doc.start_of(id) } else { node.span.start };
            if !harmless && start < node.span.end {
                parts.push((start..node.span.end, text.as_ref()));
            }
        } else if is_base64_of_secret(text) {
            parts.push((node.span.clone(), text.as_ref()));
        } else if text.contains(['=', '@']) && !text.contains('\n') {
            let written = &doc.text()[node.span.clone()];
            let found = user_info(written).chain(in_query(written)).chain(connection_string(written));
            parts.extend(found.map(|part| (moved(&part, node.span.start), &written[part])));
        }
    }
    parts
}

fn moved(span: &Span, by: usize) -> Span {
    span.start + by..span.end + by
}

/// The values of members that hold secrets, with all that is below them.
fn secret_nodes(doc: &Document<'_>) -> HashSet<NodeId> {
    let mut secret = HashSet::new();
    for (id, node) in doc.nodes() {
        let Kind::Mapping { members, .. } = &node.kind else { continue };
        let is_jwk = doc.member(id, "kty").is_some();
        let kind = doc.member(id, "kind").and_then(|(_, kind)| doc.string(kind));
        // Whatever a Kubernetes Secret has.
        let is_secret = kind == Some("Secret") && doc.member(id, "apiVersion").is_some();
        for (name, value) in members {
            let Some(name) = doc.string(*name) else { continue };
            let is_private = is_jwk && PRIVATE_MEMBERS.contains(&name);
            if is_secret_name(name) || is_private || (is_secret && matches!(name, "data" | "stringData")) {
                mark_below(doc, *value, &mut secret);
            }
        }
    }
    secret
}

/// All nodes from here down, also through aliases.
fn mark_below(doc: &Document<'_>, id: NodeId, secret: &mut HashSet<NodeId>) {
    let mut open = vec![id];
    while let Some(id) = open.pop().map(|id| doc.target(id)) {
        if !secret.insert(id) {
            continue;
        }
        match &doc.node(id).kind {
            Kind::Sequence { items, .. } => open.extend(items),
            Kind::Mapping { members, .. } => open.extend(members.iter().map(|(_, value)| *value)),
            Kind::Scalar { .. } | Kind::Alias(_) => {}
        }
    }
}

/// What is secret in values of several lines: a config, or anything like it, may be in one.
fn in_blocks<'d>(config: &'d Config<'_>) -> Vec<SecretPart<'d>> {
    let (doc, edition) = (config.document(), config.edition());
    let blocks = doc.nodes().filter_map(|(_, node)| match &node.kind {
        Kind::Scalar { text, .. } if text.trim_end().contains('\n') => Some(node.span.clone()),
        _ => None,
    });
    let mut parts = Vec::new();
    for block in blocks {
        let (mut start, mut value): (usize, Option<usize>) = (block.start, None);
        for line in doc.text()[block].split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '\t', '-', '#']).len();
            let is_blank = line.trim().is_empty();
            if value.is_some_and(|above| indent > above) && !is_blank {
                parts.push((start + indent..start + line.len(), &line[indent..]));
            } else if !is_blank {
                let found = in_line(line, |name| edition.is_env_name(name));
                // `k: |`: the lines below it are its value.
                let opens = |part: &Span| line[part.clone()].starts_with(['|', '>']);
                value = (found.iter().any(opens) || ends_in_secret_name(line)).then_some(indent);
                parts.extend(found.into_iter().map(|part| (moved(&part, start), &line[part])));
            }
            start += line.len();
        }
    }
    parts
}

/// What in the comments may be a secret: values of members that hold one, 16 or more base64 characters in a row,
/// and users of URIs.
fn in_comments<'d>(config: &'d Config<'_>) -> Vec<SecretPart<'d>> {
    let (doc, edition) = (config.document(), config.edition());
    let mut parts = Vec::new();
    // Where a commented-out `k: |` began: the lines below it that are indented deeper are its value.
    let mut block: Option<usize> = None;
    for comment in doc.comments() {
        let text = &doc.text()[comment.clone()];
        let indent = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
        // What silences a rule is shown, whatever is around it; a secret in its reason isn't.
        if let Some(head) = silences(text) {
            let reason = &text[head..];
            let found =
                in_line(reason, |name| edition.is_env_name(name)).into_iter().chain(base64_runs(reason));
            parts.extend(found.map(|part| (moved(&part, comment.start + head), &reason[part])));
            continue;
        }
        let mut add = |part: Span| parts.push((moved(&part, comment.start), &text[part]));
        let is_member =
            text[indent..].split_once(':').is_some_and(|(name, _)| !name.contains([' ', '\'', '"']));
        if block.is_some_and(|above| indent > above || !is_member) && indent < text.len() {
            add(indent..text.len());
            continue;
        }
        let value = member_value(text, |name| edition.is_env_name(name));
        // Also where nothing follows the name, and the value is on the line below.
        let is_block = value.clone().is_some_and(|value| text[value].starts_with(['|', '>']))
            || ends_in_secret_name(text);
        block = is_block.then_some(indent);
        value
            .into_iter()
            .chain(base64_runs(text))
            .chain(user_info(text))
            .chain(in_query(text))
            .chain(connection_string(text))
            .for_each(&mut add);
    }
    parts
}
