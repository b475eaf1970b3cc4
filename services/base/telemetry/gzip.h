// SPDX-License-Identifier: Apache-2.0
// Content coding of HTTP bodies. Pure functions.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace basisbench {

// Whether an Accept-Encoding header asks for gzip ("gzip;q=0" does not).
bool AcceptsGzip(absl::string_view accept_encoding);

// Whether a body of this content type shrinks.
bool IsCompressible(absl::string_view content_type);

// `body` as a gzip stream; empty when zlib fails, which it only does for want of memory.
std::string Gzip(absl::string_view body);

}  // namespace basisbench
