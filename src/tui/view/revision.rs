//! Draws a revision's two scripts side by side, or one below the other.
//!
//! Lines of the up script carry `+`, those of the down script `-`, on whichever side they stand.

use std::ops::Range;

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
};

use crate::{
    present::{
        diff::{
            Diff, Emphasis, Hit, RowKind, Side,
            fold::Item,
            wrap::{Form, wrap},
        },
        safe::{cut, display_safe, width},
    },
    revision::History,
    tui::{
        action::Action,
        app::{App, HitMap, Target},
        layer::{DiffLayer, Layer},
        theme::Theme,
        view::{detail, graph::scrollbar},
        widget::{
            Pen,
            memo::{DiffKey, Facts},
            pane::{pane, shrink},
            sql,
        },
    },
};

/// Narrower than this it is unified unless asked otherwise.
pub const SPLIT_FROM: u16 = 100;

/// The facts stand above the scripts.
pub fn shows_facts(app: &App) -> bool {
    let asked = app.layers.iter().rev().find_map(|layer| match layer {
        Layer::Diff(diff) => Some(diff.facts),
        _ => None,
    });
    asked.flatten().unwrap_or(!app.wide())
}

/// Draws it.
pub fn draw(app: &App, layer: &DiffLayer, frame: &mut Frame, area: Rect, hits: &mut HitMap) {
    let theme = &app.theme;
    hits.add(area, Target::Layer);
    let Some(history) =
        app.snapshot.history.as_ref().filter(|h| layer.node.index() < h.revisions().len())
    else {
        pane(
            app,
            frame,
            area,
            true,
            Line::styled("the revision is gone", theme.dim),
            Line::default(),
        );
        return;
    };
    let facts = app.memo.facts(history, layer.node);
    let split = layer.split.unwrap_or(area.width >= SPLIT_FROM);
    let Some(diff) = &layer.doc else {
        let title = title(app, layer, history, split, None);
        let inside = shrink(pane(app, frame, area, true, title, Line::default()), 1);
        let text = format!("{} comparing", app.glyphs.spin(app.spin(), app.motion));
        Pen::new(frame.buffer_mut(), app.glyphs, inside).put(&text, theme.dim);
        return;
    };

    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..shrink(area, 1) };
    let whole = body.height;
    let known = if shows_facts(app) {
        detail::facts_of(app, history, layer.node, usize::from(body.width.saturating_sub(2)))
    } else {
        Vec::new()
    };
    // The facts, the weightiest first, get two fifths at most, and a line below them.
    let above = match known.len() as u16 {
        0 => 0,
        lines => (lines + 1).min(body.height * 2 / 5),
    };
    let top = shrink(Rect { height: above.saturating_sub(1), ..body }, 1);
    let body = Rect { y: body.y + above, height: body.height - above, ..body };
    let heading = u16::from(split && body.height > 3);
    let text = Rect { y: body.y + heading, height: body.height - heading, ..body };
    let sheet = Sheet::new(diff, layer, text, split);
    let key = DiffKey {
        form: sheet.form(),
        wrap: layer.wrap,
        unfold_all: layer.unfold_all,
        unfolded: layer.unfolded.clone(),
    };
    let view = app.memo.diff_view(diff, &key);
    let page = usize::from(text.height);
    let scroll = layer.scroll.min(view.layout.height().saturating_sub(page));
    hits.page = page;
    hits.diff_rows = view.layout.height();
    hits.diff_hunks =
        diff.hunks().iter().map(|hunk| view.layout.top(view.folds.item_of(hunk.start))).collect();

    hits.diff_folds = view
        .folds
        .items()
        .iter()
        .enumerate()
        .filter_map(|(item, one)| match one {
            Item::Fold { rows, .. } => Some((view.layout.top(item), rows.start)),
            Item::Row(_) => None,
        })
        .collect();
    hits.diff_key = Some(key);

    // The hunk that is being read: the last one that begins in the upper half.
    let reading = hits.diff_hunks.partition_point(|top| *top <= scroll + page / 3).max(1);
    let title = title(app, layer, history, split, Some((reading, diff)));
    let inside = pane(app, frame, area, true, title, foot(app, diff, &facts));
    debug_assert_eq!(inside.height, whole);
    if above > 0 {
        detail::put_facts(app, frame, top, &known);
        let rule = app.glyphs.fold.repeat(usize::from(body.width));
        frame.buffer_mut().set_string(body.x, body.y - 1, rule, theme.diff_absent);
    }
    if heading > 0 {
        headings(app, frame, body, layer, &facts);
    }
    if diff.rows().is_empty() {
        let words = "both scripts are empty: nothing runs";
        Pen::at(frame.buffer_mut(), app.glyphs, shrink(text, 1), 1).put(words, theme.dim);
        return;
    }
    let Some((first, mut into)) = view.layout.at(scroll) else { return };
    let mut row = 0_u16;
    for item in &view.folds.items()[first..] {
        if row >= text.height {
            break;
        }
        match item {
            Item::Fold { rows, .. } => {
                sheet.fold(app, frame, row, rows.len());
                row += 1;
            }
            Item::Row(index) => row += sheet.draw_row(app, frame, row, *index, into),
        }
        into = 0;
    }
    if split {
        // The rule between the sides runs on below the last line.
        let x = sheet.middle();
        for y in text.y + row.min(text.height)..text.bottom() {
            frame.buffer_mut().set_string(x, y, app.glyphs.rule, theme.border);
        }
    }
    scrollbar(app, frame, area, scroll, page, view.layout.height());
}

fn title<'a>(
    app: &App,
    layer: &DiffLayer,
    history: &History,
    split: bool,
    shown: Option<(usize, &Diff)>,
) -> Line<'a> {
    let theme = &app.theme;
    let id = app.short_node(layer.node);
    let message = display_safe(&history.revision(layer.node).message).into_owned();
    let dot = || Span::styled(format!(" {} ", app.glyphs.dot), theme.faint);
    let mut tail = Vec::new();
    if !layer.search.is_empty() {
        let all = layer.found.len();
        tail.push(dot());
        tail.push(if all == 0 {
            Span::styled("no match", theme.warn)
        } else {
            Span::styled(format!("match {}/{all}", layer.at + 1), theme.hit)
        });
    } else if let Some((reading, diff)) = shown.filter(|(_, diff)| !diff.hunks().is_empty()) {
        tail.push(dot());
        tail.push(Span::styled(format!("hunk {reading}/{}", diff.hunks().len()), theme.title_dim));
    }
    if !split {
        tail.push(dot());
        let narrow = app.size.0 < SPLIT_FROM && layer.split.is_none();
        let words =
            if narrow && app.size.0 >= 80 { "unified below 100 columns" } else { "unified" };
        tail.push(Span::styled(words, theme.title_dim));
    }
    // The message takes what the rest leaves; frame and blanks take eight.
    let taken: usize = tail.iter().map(Span::width).sum::<usize>() + width(&id) + 3 + 8;
    let room = usize::from(app.size.0).saturating_sub(taken).max(4);
    let message = if width(&message) > room {
        format!("{}{}", &message[..cut(&message, room - 1)], app.glyphs.ellipsis)
    } else {
        message
    };
    let mut spans = vec![Span::styled(id, theme.accent), dot(), Span::styled(message, theme.title)];
    spans.extend(tail);
    Line::from(spans)
}

fn foot<'a>(app: &App, diff: &Diff, facts: &Facts) -> Line<'a> {
    let theme = &app.theme;
    let stats = diff.stats();
    let mut spans = vec![
        Span::styled(format!("+{}", stats.removed), theme.diff_sign_add),
        Span::raw(" "),
        Span::styled(format!("-{}", stats.added), theme.diff_sign_remove),
    ];
    let hazards = facts.up.hazards();
    if !hazards.is_empty() {
        let words: Vec<&str> = hazards.iter().map(|hazard| hazard.words()).collect();
        spans.push(Span::styled(format!(" {} ", app.glyphs.dot), theme.faint));
        spans.push(Span::styled(format!("{} {}", app.glyphs.warn, words.join(", ")), theme.warn));
    }
    Line::from(spans)
}

/// The words above the two sides.
fn headings(app: &App, frame: &mut Frame, area: Rect, layer: &DiffLayer, facts: &Facts) {
    let theme = &app.theme;
    let half = area.width / 2;
    let count = |statements: usize| match statements {
        0 => "nothing".to_owned(),
        1 => "1 statement".to_owned(),
        n => format!("{n} statements"),
    };
    let up = (theme.diff_sign_add, "up", count(facts.up.statements), theme.dim);
    let down = match &facts.down {
        Some(down) => (theme.diff_sign_remove, "down", count(down.statements), theme.dim),
        None => (theme.diff_sign_remove, "down", "none: cannot be undone".to_owned(), theme.danger),
    };
    let sides = if layer.swap { [down, up] } else { [up, down] };
    for (i, (style, name, words, words_style)) in sides.into_iter().enumerate() {
        let x = area.x + if i == 0 { 1 } else { half + 2 };
        let place = Rect { x, width: half.saturating_sub(2), ..area };
        Pen::new(frame.buffer_mut(), app.glyphs, place)
            .put(name, style)
            .skip(2)
            .put(&words, words_style);
    }
    frame.buffer_mut().set_string(area.x + half, area.y, app.glyphs.rule, theme.border);
}

/// How lines are drawn: where the columns are, what is in them.
struct Sheet<'a> {
    diff: &'a Diff,
    area: Rect,
    split: bool,
    swap: bool,
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
    fn new(diff: &'a Diff, layer: &'a DiffLayer, area: Rect, split: bool) -> Self {
        let lines = diff.left().len().max(diff.right().len()).max(1);
        let number = (lines.ilog10() as usize + 1).max(3);
        Self {
            diff,
            area,
            split,
            swap: layer.swap,
            wrap: layer.wrap,
            hscroll: layer.hscroll,
            number,
            found: &layer.found,
            at: layer.at,
        }
    }

    /// Cells before the text of a side: numbers, rule, sign.
    fn lead(&self) -> usize {
        if self.split { self.number + 4 } else { 2 * self.number + 4 }
    }

    fn middle(&self) -> u16 {
        self.area.x + self.area.width / 2
    }

    fn form(&self) -> Form {
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

    fn draw_row(&self, app: &App, frame: &mut Frame, at: u16, row: usize, into: usize) -> u16 {
        let emphasis = self.diff.emphasis(row);
        let left_over = usize::from(self.area.height - at);
        if self.split {
            let sides =
                if self.swap { [Side::Right, Side::Left] } else { [Side::Left, Side::Right] };
            let pieces = sides.map(|side| self.pieces(side, row));
            let height = pieces[0].len().max(pieces[1].len());
            let shown = height.saturating_sub(into).min(left_over);
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
        let colours = Colours::of(app, this.kind, side);
        if piece.is_some() && this.kind != RowKind::Same {
            let skip = (self.lead() as u16 - 3).min(place.width);
            let tinted = Rect { x: place.x + skip, width: place.width - skip, ..place };
            frame.buffer_mut().set_style(tinted, colours.tint);
        }
        let mut pen = Pen::new(frame.buffer_mut(), app.glyphs, place);
        let number = |line: Option<usize>| match line {
            Some(line) if nth == 0 => (line + 1).to_string(),
            _ => String::new(),
        };
        if self.split {
            pen.right(&number(this.line(side)), self.number, theme.diff_number);
        } else {
            let same = this.kind == RowKind::Same;
            for one in [Side::Left, Side::Right] {
                let line = if same || one == side { this.line(one) } else { None };
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
    fn of(app: &App, kind: RowKind, side: Side) -> Self {
        let theme = &app.theme;
        match (kind, side) {
            (RowKind::Same, _) => Self {
                sign: " ",
                sign_style: Style::default(),
                tint: Style::default(),
                emphasis: Style::default(),
            },
            (_, Side::Left) => Self {
                sign: "+",
                sign_style: theme.diff_sign_add,
                tint: theme.diff_add,
                emphasis: theme.diff_add_emphasis,
            },
            (_, Side::Right) => Self {
                sign: "-",
                sign_style: theme.diff_sign_remove,
                tint: theme.diff_remove,
                emphasis: theme.diff_remove_emphasis,
            },
        }
    }
}
