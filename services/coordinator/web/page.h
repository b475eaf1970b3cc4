// SPDX-License-Identifier: Apache-2.0
// The page and its assets, compiled into the binary from page/. Needs no network beyond this
// server.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "services/base/telemetry/http_endpoint.h"

namespace basisbench {

struct PageAsset {
  absl::string_view path;  // "/", "/app/style.css", ...
  absl::string_view content_type;
  absl::string_view body;
};

// Every asset, generated at build time.
const std::vector<PageAsset>& PageAssets();

// Serves them with a content hash as ETag and a policy that allows nothing but this server's own
// files.
void ServePage(HttpEndpoint& http);

}  // namespace basisbench
