//! What files hold in the repository, raw: no filter that an attribute of a branch names runs on it.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::content::{Content, NotSeen};
use super::{GitError, Repository, git};
use crate::config::MAX_BYTES;

/// Reads objects, one after the other, from one process.
pub(crate) struct Objects {
    child: Child,
    /// Taken when it is dropped, so that git ends.
    ask: Option<ChildStdin>,
    answer: ChildStdout,
}

impl Repository {
    /// What reads the repository's objects.
    pub(crate) fn objects(&self) -> Result<Objects, GitError> {
        let mut child = git(self.place(), ["cat-file", "--batch"])?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(GitError::NotThere)?;
        let (ask, answer) = (child.stdin.take(), child.stdout.take());
        let answer = answer.ok_or_else(|| failed("it has no output"))?;
        Ok(Objects { child, ask, answer })
    }
}

fn failed(why: impl std::fmt::Display) -> GitError {
    GitError::Failed("cat-file", why.to_string())
}

impl Objects {
    /// The content of an object that is there.
    pub(super) fn read(&mut self, id: &str) -> Result<Content, GitError> {
        // `ID missing`: a partial clone whose remote can't be reached.
        self.object(id)?.ok_or_else(|| failed(format!("{id} missing: fetch what this clone lacks")))
    }

    /// The content of an object, if there is one of that name.
    fn object(&mut self, id: &str) -> Result<Option<Content>, GitError> {
        let ask = self.ask.as_mut().ok_or_else(|| failed("it has ended"))?;
        ask.write_all(format!("{id}\n").as_bytes()).and_then(|()| ask.flush()).map_err(failed)?;
        let head = self.line()?;
        if head.ends_with(" missing") {
            return Ok(None);
        }
        // `ID blob SIZE`.
        let Some(size) = head.rsplit_once(" blob ").and_then(|(_, size)| size.parse().ok()) else {
            return Err(failed(head));
        };
        let mut object = (&mut self.answer).take(size);
        if usize::try_from(size).is_ok_and(|size| size <= MAX_BYTES) {
            let bytes = super::super::read(object, usize::try_from(size).unwrap_or(0)).map_err(failed)?;
            self.line()?;
            return Ok(Some(Content::of(bytes)));
        }
        std::io::copy(&mut object, &mut std::io::sink()).map_err(failed)?;
        self.line()?;
        Ok(Some(Content::NotSeen(NotSeen::TooLarge)))
    }

    /// What a file is at a commit.
    pub(super) fn at(&mut self, commit: &str, path: &Path) -> Result<Content, GitError> {
        let path = path.to_str().filter(|path| !path.contains('\n'));
        let Some(path) = path else { return Ok(Content::NotSeen(NotSeen::Unreadable)) };
        self.object(&format!("{commit}:{path}")).map(|found| found.unwrap_or(Content::Absent))
    }

    /// Byte by byte, so that nothing of a file is kept in a buffer.
    fn line(&mut self) -> Result<String, GitError> {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while self.answer.read(&mut byte).map_err(failed)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        drop(self.ask.take());
        // It ends when it has nothing to read; that it was there is all that is to be known.
        let _ = self.child.wait();
    }
}
