// SPDX-License-Identifier: Apache-2.0
// The parts of the report page, compiled in. The script is bundled from page/ when esbuild is there
// (see CMakeLists.txt); without it ReportScript is empty.
#pragma once

#include <string>

namespace basisbench {

// The frame, with @STYLE@, @ANSWER@, @DATA@, @SCRIPT@ and @SCRIPT_HASH@ where the parts go.
const std::string& ReportPage();
const std::string& ReportStyle();
const std::string& ReportScript();

}  // namespace basisbench
