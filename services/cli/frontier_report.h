// SPDX-License-Identifier: Apache-2.0
// The report: one HTML file that needs nothing but a browser. Numbers come from FrontierDocument;
// the page only draws them.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "services/cli/frontier.h"

namespace basisbench {

// The page. Text of the records is data in it, never markup or script, whatever it holds; a policy
// in the page forbids every request and every script but its own. UNIMPLEMENTED in a build that has
// no script for the page.
// `axis` is the cost the front is shown against at first.
absl::StatusOr<std::string> FrontierReport(const Frontier& frontier, Axis axis = Axis::kSeconds);

// Writes it beside `path` first and then puts it in place. INTERNAL naming the path and the reason.
absl::Status WriteReport(const std::string& path, const std::string& page);

}  // namespace basisbench
