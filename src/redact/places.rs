//! Where the secrets of a config are: by their place in the tree, and by their looks where none belongs.

use std::collections::HashSet;

use super::looks::{base64_runs, ends_in_secret_name, in_query, is_secret_name, member_value, user_info};
use crate::config::{Config, Document, Kind, NodeId, Scalar, Span};
use crate::keyset::PRIVATE_MEMBERS;

/// A secret's bytes in the text, and its value.
pub(super) type SecretPart<'d> = (Span, &'d str);

/// All of them, in the order of the text. They may overlap.
pub(super) fn secret_parts<'d>(config: &'d Config<'_>) -> Vec<SecretPart<'d>> {
    let mut parts = values(config);
    parts.extend(pasted(config.document(), &parts));
    parts.extend(in_comments(config));
    parts.sort_by_key(|(span, _)| (span.start, usize::MAX - span.end));
    parts
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
        } else if text.contains("://") {
            let written = &doc.text()[node.span.clone()];
            let found = user_info(written).chain(in_query(written));
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
        for (name, value) in members {
            let Some(name) = doc.string(*name) else { continue };
            if is_secret_name(name) || (is_jwk && PRIVATE_MEMBERS.contains(&name)) {
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

/// The same secrets in places where none belongs. Short ones may be words of the file.
fn pasted<'d>(doc: &'d Document<'_>, secrets: &[SecretPart<'d>]) -> Vec<SecretPart<'d>> {
    let known: HashSet<&str> =
        secrets.iter().map(|(_, text)| *text).filter(|text| text.len() >= 16).collect();
    let texts = doc.nodes().filter_map(|(_, node)| match &node.kind {
        Kind::Scalar { text, .. } if known.contains(text.as_ref()) => {
            Some((node.span.clone(), text.as_ref()))
        }
        _ => None,
    });
    texts.filter(|(span, _)| !span.is_empty()).collect()
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
            .for_each(&mut add);
    }
    parts
}
