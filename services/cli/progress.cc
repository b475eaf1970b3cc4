// SPDX-License-Identifier: Apache-2.0
#include "services/cli/progress.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/cli/derived.h"
#include "services/cli/spec_text.h"
#include "services/cli/text.h"
#include "services/cli/units.h"

namespace basisbench {
namespace {

constexpr absl::Duration kRedrawEvery = absl::Milliseconds(100);

// Cut to the terminal, so that a redrawn line never wraps.
std::string Fitted(const std::string& text, int columns) {
  if (DisplayWidth(text) < columns) return text;
  std::string cut = text;
  while (!cut.empty() && DisplayWidth(cut) >= columns - 1) {
    do {
      cut.pop_back();
    } while (!cut.empty() && (static_cast<unsigned char>(cut.back()) & 0xC0) == 0x80);
  }
  return cut;
}

}  // namespace

ProgressView::ProgressView(Context& context)
    : context_(context),
      animate_(context.io().err_terminal && !context.flags.no_color && !context.flags.quiet) {}

void ProgressView::OnJob(const v1::Job& job) {
  total_ = job.cases_total();
  Finished(job.cases_done());
  if (job.state() == state_ && job.detail() == detail_) return;
  state_ = job.state();
  detail_ = job.detail();
  const std::string workers = job.state() == v1::JOB_STATE_RUNNING && !job.workers().empty()
                                  ? absl::StrCat(" on ", absl::StrJoin(job.workers(), ", "))
                                  : "";
  Line(absl::StrCat("job ", job.id(), " ", StateName(job.state()), workers,
                    job.detail().empty() ? "" : ": ", job.detail()));
}

void ProgressView::OnResult(const v1::CaseResult& result) {
  seen_.insert(result.case_().index());
  Finished(static_cast<uint32_t>(seen_.size()));
  // On a terminal the moving line tells enough, unless something went wrong.
  const bool fine = result.outcome() == v1::OUTCOME_OK;
  if (animate_ && fine && context_.flags.verbosity == 0) return;
  const v1::Case& c = result.case_();
  std::string text = absl::StrCat("[", done_, "/", total_, "] ", OperatorText(c.operator_()), " ",
                                  ShapeText(c.shape()), " ", c.dtype(), " ", ShardingText(c), " x",
                                  c.ranks(), " ", OutcomeName(result.outcome()));
  const Derived d = Derive(result);
  if (d.median_seconds) absl::StrAppend(&text, " ", HumanSeconds(*d.median_seconds));
  if (!result.detail().empty()) absl::StrAppend(&text, ": ", result.detail());
  Line(text);
}

void ProgressView::OnProgress(const v1::Progress& progress) {
  Finished(progress.cases_done());
  std::string text =
      absl::StrCat("[", done_, "/", total_, "] ", progress.label(), "  ", progress.phase());
  if (progress.samples() > 0) absl::StrAppend(&text, " ", progress.samples(), " samples");
  if (progress.median_seconds() > 0) {
    absl::StrAppend(&text, "  median ", HumanSeconds(progress.median_seconds()));
  }
  if (progress.has_eta_seconds()) {
    absl::StrAppend(&text, "  ETA ", HumanEta(progress.eta_seconds()));
  }
  if (animate_) {
    Redraw(text);
  } else if (context_.flags.verbosity > 0) {
    Line(text);
  }
}

void ProgressView::Finished(uint32_t cases) { done_ = std::max(done_, cases); }

void ProgressView::ClearLine() {
  if (drawn_) context_.io().err << "\r\033[K" << std::flush;
  drawn_ = false;
}

void ProgressView::Line(const std::string& text) {
  ClearLine();
  context_.Say(text);
}

void ProgressView::Redraw(const std::string& text) {
  const absl::Time now = absl::Now();
  if (now - last_draw_ < kRedrawEvery) return;
  last_draw_ = now;
  context_.io().err << "\r\033[K" << Fitted(Printable(text), context_.io().columns) << std::flush;
  drawn_ = true;
}

}  // namespace basisbench
