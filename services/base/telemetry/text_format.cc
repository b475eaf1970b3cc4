// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/text_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace basisbench {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, end.ptr);
}

std::string Escaped(const std::string& value, bool quotes) {
  std::string out;
  for (char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Labels(const ClientMetric& metric, const std::string& le = "") {
  std::string out;
  for (const ClientMetric::Label& label : metric.label) {
    absl::StrAppend(&out, out.empty() ? "" : ",", label.name, "=\"", Escaped(label.value, true),
                    "\"");
  }
  if (!le.empty()) absl::StrAppend(&out, out.empty() ? "" : ",", "le=\"", le, "\"");
  return out.empty() ? out : absl::StrCat("{", out, "}");
}

void AppendHistogram(const std::string& name, const ClientMetric& metric, std::string* out) {
  double last = 0;
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    last = bucket.upper_bound;
    absl::StrAppend(out, name, "_bucket", Labels(metric, Number(last)), " ",
                    bucket.cumulative_count, "\n");
  }
  if (!std::isinf(last)) {
    absl::StrAppend(out, name, "_bucket", Labels(metric, "+Inf"), " ",
                    metric.histogram.sample_count, "\n");
  }
  absl::StrAppend(out, name, "_sum", Labels(metric), " ", Number(metric.histogram.sample_sum),
                  "\n");
  absl::StrAppend(out, name, "_count", Labels(metric), " ", metric.histogram.sample_count, "\n");
}

void AppendFamily(const MetricFamily& family, std::string* out) {
  const char* type = family.type == MetricType::Counter ? "counter"
                     : family.type == MetricType::Gauge ? "gauge"
                                                        : "histogram";
  absl::StrAppend(out, "# HELP ", family.name, " ", Escaped(family.help, false), "\n");
  absl::StrAppend(out, "# TYPE ", family.name, " ", type, "\n");
  std::vector<ClientMetric> metrics = family.metric;
  std::sort(metrics.begin(), metrics.end(),
            [](const ClientMetric& a, const ClientMetric& b) { return a.label < b.label; });
  for (const ClientMetric& metric : metrics) {
    if (family.type == MetricType::Histogram) {
      AppendHistogram(family.name, metric, out);
    } else {
      const bool counter = family.type == MetricType::Counter;
      const double value = counter ? metric.counter.value : metric.gauge.value;
      absl::StrAppend(out, family.name, Labels(metric), " ", Number(value), "\n");
    }
  }
}

// Length of the valid UTF-8 sequence at the start of `text`, 0 when there is none.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and code points above U+10FFFF.
  const unsigned char second = byte(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

}  // namespace

std::string WriteTextFormat(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) {
    if (!family.metric.empty()) AppendFamily(family, &out);
  }
  return out;
}

std::string ValidUtf8(absl::string_view value) {
  std::string out;
  while (!value.empty()) {
    const size_t length = SequenceLength(value);
    out.append(length > 0 ? std::string(value.substr(0, length)) : "?");
    value.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

}  // namespace basisbench
