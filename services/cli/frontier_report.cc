// SPDX-License-Identifier: Apache-2.0
#include "services/cli/frontier_report.h"

#include <openssl/sha.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "services/cli/frontier_tables.h"
#include "services/cli/text.h"
#include "services/report/assets.h"

namespace basisbench {
namespace {

std::string HtmlText(const std::string& text) {
  return absl::StrReplaceAll(
      Printable(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

// JSON in pure ASCII in which nothing can end the element it stands in.
std::string ScriptJson(const Json& value) {
  const std::string json = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}});
}

// As a content security policy names a script.
std::string HashOf(absl::string_view script) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(script.data()), script.size(), digest);
  return absl::StrCat("sha256-", absl::Base64Escape(absl::string_view(
                                     reinterpret_cast<const char*>(digest), sizeof(digest))));
}

std::string AnswerItems(const Frontier& frontier) {
  std::string items;
  for (const std::string& sentence : FrontierAnswer(frontier)) {
    const std::string text = absl::StrReplaceAll(HtmlText(sentence), {{" %", "&nbsp;%"}});
    absl::StrAppend(&items, "<li>", text, "</li>\n");
  }
  return items;
}

}  // namespace

absl::StatusOr<std::string> FrontierReport(const Frontier& frontier, Axis axis) {
  if (ReportScript().empty()) {
    return absl::UnimplementedError(
        "--html: this program was built without node_modules and has no charts; './dev build' "
        "makes one that has");
  }
  Json document = FrontierDocument(frontier);
  document["axis"] = AxisNames()[static_cast<size_t>(axis)];
  return absl::StrReplaceAll(ReportPage(), {{"@SCRIPT_HASH@", HashOf(ReportScript())},
                                            {"@STYLE@", ReportStyle()},
                                            {"@ANSWER@", AnswerItems(frontier)},
                                            {"@DATA@", ScriptJson(document)},
                                            {"@SCRIPT@", ReportScript()}});
}

absl::Status WriteReport(const std::string& path, const std::string& page) {
  const std::string draft = path + ".part";
  const auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    std::remove(draft.c_str());
    return absl::InternalError(absl::StrCat("--html: cannot ", what, " '", path, "': ", reason));
  };
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    if (!file) return failed("create");
    file << page;
    file.close();
    if (!file) return failed("write");
  }
  if (std::rename(draft.c_str(), path.c_str()) != 0) return failed("replace");
  return absl::OkStatus();
}

}  // namespace basisbench
