// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/page.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// FNV-1a: the same for the same build, which absl's salted hash is not.
uint64_t ContentHash(absl::string_view body) {
  uint64_t hash = 14695981039346656037ull;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return hash;
}

}  // namespace

void ServePage(HttpEndpoint& http) {
  for (const PageAsset& asset : PageAssets()) {
    HttpResponse whole;
    whole.content_type = std::string(asset.content_type);
    whole.body = std::string(asset.body);
    whole.headers = {{"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", kPolicy},
                     {"Referrer-Policy", "no-referrer"},
                     {"ETag", absl::StrCat("\"", absl::Hex(ContentHash(asset.body)), "\"")}};
    http.Handle(std::string(asset.path), [whole](const HttpRequest& request) {
      const auto known = request.headers.find("if-none-match");
      if (known == request.headers.end() ||
          !absl::StrContains(known->second, whole.headers.at("ETag"))) {
        return whole;
      }
      HttpResponse unchanged = whole;
      unchanged.status = 304;
      unchanged.body.clear();
      return unchanged;
    });
  }
}

}  // namespace basisbench
