//! How the lines of two texts are drawn: columns, numbers, signs, tints, folds, headings.
//!
//! Of scripts, lines of the up script carry `+` and those of the down script `-`, on whichever side
//! they stand; of objects, what is new carries `+`.

use std::ops::Range;

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    present::{
        diff::{
            Diff, Emphasis, Hit, Part, RowKind, Side, Stats,
            fold::Item,
            wrap::{Form, wrap},
        },
        safe::{cut, width},
    },
    tui::{
        action::Action,
        app::App,
        layer::{DiffLayer, Subject},
        theme::Theme,
        widget::{Pen, pane::shrink, sql},
    },
};

/// How lines are drawn: where the columns are, what is in them.
#[expect(clippy::struct_excessive_bools, reason = "independent ways to look at it")]
pub(super) struct Sheet<'a> {
    diff: &'a Diff,
    area: Rect,
    split: bool,
    swap: bool,
    /// The left text is what is added: scripts, up and down.
    reversed: bool,
    wrap: bool,
    hscroll: usize,
    /// Cells of a line number.
    number: usize,
    /// Where the search found something, in the order of rows.
    found: &'a [Hit],
    /// Which of them was gone to.
    at: usize,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(diff: &'a Diff, layer: &'a DiffLayer, area: Rect, split: bool) -> Self {
        Self {
            split,
            swap: layer.swap,
            reversed: matches!(layer.subject, Subject::Scripts(_)),
            ..Self::plain(diff, area)
        }
        .looked_at(layer)
    }

    /// One text below the other, wrapped: for a pane.
    pub(super) fn plain(diff: &'a Diff, area: Rect) -> Self {
        // Parts are numbered by themselves.
        let lines = |part: &Part| part.rows.len();
        let most = diff.parts().iter().map(lines).max();
        let lines = most.unwrap_or_else(|| diff.left().len().max(diff.right().len())).max(1);
        let number = (lines.ilog10() as usize + 1).max(3);
        Self {
            diff,
            area,
            split: false,
            swap: false,
            reversed: false,
            wrap: true,
            hscroll: 0,
            number,
            found: &[],
            at: 0,
        }
    }

    fn looked_at(self, layer: &'a DiffLayer) -> Self {
        Self { wrap: layer.wrap, hscroll: layer.hscroll, found: &layer.found, at: layer.at, ..self }
    }

    /// Cells before the text of a side: numbers, rule, sign.
    fn lead(&self) -> usize {
        if self.split { self.number + 4 } else { 2 * self.number + 4 }
    }

    pub(super) fn middle(&self) -> u16 {
        self.area.x + self.area.width / 2
    }

    pub(super) fn form(&self) -> Form {
        let whole = usize::from(self.area.width);
        let half = usize::from(self.area.width / 2);
        if self.split {
            let first = half.saturating_sub(self.lead() + 1).max(1);
            let second = (whole - half).saturating_sub(self.lead() + 2).max(1);
            // Widths go with the texts, wherever they stand.
            let (left, right) = if self.swap { (second, first) } else { (first, second) };
            Form::Split { left, right }
        } else {
            Form::Unified { width: whole.saturating_sub(self.lead() + 1).max(1) }
        }
    }

    fn room(&self, side: Side) -> usize {
        match (self.form(), side) {
            (Form::Split { left, .. }, Side::Left) => left,
            (Form::Split { right, .. }, Side::Right) => right,
            (Form::Unified { width }, _) => width,
        }
    }

    /// What of the line of a side is drawn on its `nth` line.
    fn pieces(&self, side: Side, row: usize) -> Vec<(Range<usize>, usize)> {
        match self.diff.text(row, side) {
            None => Vec::new(),
            Some(text) if self.wrap => wrap(text, self.room(side))
                .into_iter()
                .map(|piece| (piece.range, piece.lead))
                .collect(),
            Some(text) => vec![(cut(text, self.hscroll)..text.len(), 0)],
        }
    }

    /// Draws an item from its line `into` on, at row `at`; tells how many rows it took.
    pub(super) fn draw_item(
        &self,
        app: &App,
        frame: &mut Frame,
        at: u16,
        item: &Item,
        into: usize,
    ) -> u16 {
        match item {
            Item::Fold { rows, .. } => {
                self.fold(app, frame, at, rows.len());
                1
            }
            Item::Row(row) => self.draw_row(app, frame, at, *row, into),
        }
    }

    /// The heading of a part: its title, how much of it changed, a line to the end.
    fn heading(&self, app: &App, frame: &mut Frame, at: u16, part: &Part) {
        let theme = &app.theme;
        let place = Rect { y: self.area.y + at, height: 1, ..shrink(self.area, 1) };
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        pen.put(app.glyphs.open, theme.accent).skip(1).put(&part.title, theme.title).skip(2);
        let Stats { added, removed } = part.stats;
        let (added, removed) = if self.reversed { (removed, added) } else { (added, removed) };
        if added > 0 {
            pen.put(&format!("+{added}"), theme.diff_sign_add).skip(1);
        }
        if removed > 0 {
            pen.put(&format!("-{removed}"), theme.diff_sign_remove).skip(1);
        }
        let rest = app.glyphs.fold.repeat(pen.room());
        pen.put(&rest, theme.diff_absent);
    }

    fn draw_row(&self, app: &App, frame: &mut Frame, at: u16, row: usize, into: usize) -> u16 {
        if let Some(part) = self.diff.heading(row) {
            self.heading(app, frame, at, part);
            return 1;
        }
        let emphasis = self.diff.emphasis(row);
        let left_over = usize::from(self.area.height - at);
        if self.split {
            let sides =
                if self.swap { [Side::Right, Side::Left] } else { [Side::Left, Side::Right] };
            let pieces = sides.map(|side| self.pieces(side, row));
            let height = pieces[0].len().max(pieces[1].len());
            // The blank line before a heading has no text, but takes its place.
            let shown = height.max(1).saturating_sub(into).min(left_over);
            for line in 0..shown {
                let y = self.area.y + at + line as u16;
                for (i, side) in sides.into_iter().enumerate() {
                    let middle = self.middle();
                    let (x, end) = if i == 0 {
                        (self.area.x, middle)
                    } else {
                        (middle + 1, self.area.right())
                    };
                    let place = Rect { x, y, width: end - x, height: 1 };
                    let piece = pieces[i].get(into + line);
                    self.draw_side(app, frame, place, row, side, &emphasis, (into + line, piece));
                }
                frame.buffer_mut().set_string(self.middle(), y, app.glyphs.rule, app.theme.border);
            }
            return shown as u16;
        }
        let Some(this) = self.diff.rows().get(row) else { return 0 };
        if this.left.is_none() && this.right.is_none() {
            return 1;
        }
        let mut order: Vec<Side> = this.unified().map(|(side, _)| side).collect();
        if self.swap {
            order.reverse();
        }
        let lines: Vec<(Side, usize, (Range<usize>, usize))> = order
            .into_iter()
            .flat_map(|side| {
                self.pieces(side, row)
                    .into_iter()
                    .enumerate()
                    .map(move |(nth, piece)| (side, nth, piece))
            })
            .collect();
        let mut drawn = 0;
        for (side, nth, piece) in lines.into_iter().skip(into).take(left_over) {
            let place = Rect { y: self.area.y + at + drawn, height: 1, ..self.area };
            self.draw_side(app, frame, place, row, side, &emphasis, (nth, Some(&piece)));
            drawn += 1;
        }
        drawn
    }

    #[expect(clippy::too_many_arguments, reason = "a line of one side is made of exactly these")]
    fn draw_side(
        &self,
        app: &App,
        frame: &mut Frame,
        place: Rect,
        row: usize,
        side: Side,
        emphasis: &Emphasis,
        (nth, piece): (usize, Option<&(Range<usize>, usize)>),
    ) {
        let theme = &app.theme;
        let Some(this) = self.diff.rows().get(row) else { return };
        if this.left.is_none() && this.right.is_none() {
            return;
        }
        let colours = Colours::of(app, this.kind, side, self.reversed);
        if piece.is_some() && this.kind != RowKind::Same {
            let skip = (self.lead() as u16 - 3).min(place.width);
            let tinted = Rect { x: place.x + skip, width: place.width - skip, ..place };
            frame.buffer_mut().set_style(tinted, colours.tint);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        let number = |line: Option<usize>| match line {
            Some(number) if nth == 0 => number.to_string(),
            _ => String::new(),
        };
        if self.split {
            pen.right(&number(self.diff.number(row, side)), self.number, theme.diff_number);
        } else {
            let same = this.kind == RowKind::Same;
            for one in [Side::Left, Side::Right] {
                let line = if same || one == side { self.diff.number(row, one) } else { None };
                pen.right(&number(line), self.number, theme.diff_number);
            }
        }
        pen.put(if self.split { app.glyphs.rule } else { " " }, theme.border);
        let Some((range, lead)) = piece else {
            if this.line(side).is_none() {
                pen.skip(1);
                let absent = app.glyphs.absent.repeat(pen.room().saturating_sub(1));
                pen.put(&absent, theme.diff_absent);
            }
            return;
        };
        let ground = if this.kind == RowKind::Same { Style::default() } else { colours.tint };
        pen.put(" ", ground);
        pen.put(if nth == 0 { colours.sign } else { " " }, ground.patch(colours.sign_style))
            .put(" ", ground);
        if *lead > 0 {
            pen.skip(lead.saturating_sub(2)).put(app.glyphs.wrapped, ground.patch(theme.dim));
            pen.skip(usize::from(*lead > 1));
        }
        let found = self.found_in(row, side, this.kind);
        let mut at = 0;
        for segment in self.diff.segments(row, side, emphasis) {
            let own = at..at + segment.text.len();
            at = own.end;
            let (from, to) = (own.start.max(range.start), own.end.min(range.end));
            if from >= to {
                continue;
            }
            let style = ground.patch(sql::style(theme, segment.kind));
            let style = if segment.emphasis { style.patch(colours.emphasis) } else { style };
            let text = &segment.text[from - own.start..to - own.start];
            // Blanks that wrapping left at the end of a line may hang over it.
            let text = if self.wrap && width(text) > pen.room() { text.trim_end() } else { text };
            put_found(&mut pen, theme, text, from, style, &found);
        }
    }

    /// What the search found in the line of a side; true for the match that was gone to.
    fn found_in(&self, row: usize, side: Side, kind: RowKind) -> Vec<(Range<usize>, bool)> {
        let first = self.found.partition_point(|hit| hit.row < row);
        self.found[first..]
            .iter()
            .enumerate()
            .take_while(|(_, hit)| hit.row == row)
            // Of lines that are the same on both sides, the left one stands for both.
            .filter(|(_, hit)| hit.side == side || kind == RowKind::Same)
            .map(|(i, hit)| (hit.range.clone(), first + i == self.at))
            .collect()
    }

    fn fold(&self, app: &App, frame: &mut Frame, at: u16, hidden: usize) {
        let theme = &app.theme;
        let place = Rect { y: self.area.y + at, height: 1, ..shrink(self.area, 1) };
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        let key = app.keymap.label(Action::OpenFold);
        let key = if key == "Enter" { app.glyphs.enter.to_owned() } else { key };
        let lines = if hidden == 1 {
            "1 unchanged line".to_owned()
        } else {
            format!("{hidden} unchanged lines")
        };
        pen.skip(self.number).put(&app.glyphs.fold.repeat(2), theme.diff_absent).skip(1);
        pen.put(&lines, theme.diff_fold);
        if !key.is_empty() {
            pen.put(&format!(" {} ", app.glyphs.dot), theme.faint);
            pen.put(&key, theme.key).put(" opens", theme.diff_fold);
        }
        pen.skip(1);
        let rest = app.glyphs.fold.repeat(pen.room());
        pen.put(&rest, theme.diff_absent);
    }
}

/// Writes text that begins at byte `from` of its line, with what was found in it marked.
fn put_found(
    pen: &mut Pen<'_>,
    theme: &Theme,
    text: &str,
    from: usize,
    style: Style,
    found: &[(Range<usize>, bool)],
) {
    let mut at = 0;
    for (range, gone_to) in found {
        let start = range.start.saturating_sub(from).clamp(at, text.len());
        let end = range.end.saturating_sub(from).clamp(start, text.len());
        let (Some(before), Some(hit)) = (text.get(at..start), text.get(start..end)) else {
            continue;
        };
        let mark = if *gone_to { theme.hit.add_modifier(Modifier::REVERSED) } else { theme.hit };
        pen.put(before, style).put(hit, style.patch(mark));
        at = end;
    }
    pen.put(text.get(at..).unwrap_or_default(), style);
}

/// Sign, tint and emphasis of a line.
struct Colours {
    sign: &'static str,
    sign_style: Style,
    tint: Style,
    emphasis: Style,
}

impl Colours {
    fn of(app: &App, kind: RowKind, side: Side, reversed: bool) -> Self {
        let theme = &app.theme;
        let added = (side == Side::Left) == reversed;
        match (kind, added) {
            (RowKind::Same, _) => Self {
                sign: " ",
                sign_style: Style::default(),
                tint: Style::default(),
                emphasis: Style::default(),
            },
            (_, true) => Self {
                sign: "+",
                sign_style: theme.diff_sign_add,
                tint: theme.diff_add,
                emphasis: theme.diff_add_emphasis,
            },
            (_, false) => Self {
                sign: "-",
                sign_style: theme.diff_sign_remove,
                tint: theme.diff_remove,
                emphasis: theme.diff_remove_emphasis,
            },
        }
    }
}
