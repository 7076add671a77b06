//! How a run that made files is told, and ends.

use std::io::Write;

use crate::base::time::NumericDate;
use crate::explain::Steps;
use crate::report::change_json::File;
use crate::report::paint::warning_line;
use crate::session::arguments::Format;
use crate::session::change_report::ChangeReport;
use crate::session::change_talk::tell_steps;
use crate::session::new_config::{FileChange, Finish};
use crate::session::{Answer, Error, World};

/// Where people see the files: stdout, unless it is for programs.
pub(crate) fn talk<'w>(format: Format, world: &'w mut World<'_>) -> &'w mut dyn Write {
    match format {
        Format::Human => &mut *world.stdout,
        Format::Json => &mut *world.stderr,
    }
}

pub(crate) fn files_of(files: &[FileChange], now: NumericDate) -> Vec<File> {
    let written = files.iter().filter(|file| file.action.is_some());
    written.map(|file| File::new(file.name.clone(), &file.diff(), &[], now)).collect()
}

pub(crate) fn warn(warnings: &[String], world: &mut World<'_>) -> Result<(), Error> {
    for warning in warnings {
        writeln!(world.stderr, "{}", warning_line(warning))?;
    }
    Ok(())
}

pub(crate) fn end(
    format: Format,
    finish: Finish,
    mut report: ChangeReport,
    steps: &Steps,
    world: &mut World<'_>,
) -> Result<Answer, Error> {
    match finish {
        Finish::Written | Finish::Nothing if !steps.list.is_empty() => {
            tell_steps(steps, "What to do next", world)?;
        }
        Finish::DryRun => tell_steps(steps, "What to do once it is written", world)?,
        Finish::Written | Finish::Nothing | Finish::Declined => {}
    }
    if format == Format::Json {
        report.written = finish == Finish::Written;
        report.print(world)?;
    }
    Ok(if finish == Finish::Declined { Answer::No } else { Answer::Done })
}
