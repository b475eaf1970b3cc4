// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/metric_set.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "prometheus/family.h"
#include "services/base/log.h"
#include "services/base/telemetry/metric_catalogue.h"
#include "services/base/telemetry/process_metrics.h"
#include "services/base/telemetry/text_format.h"
#include "services/base/version.h"

namespace basisbench {
namespace {

[[noreturn]] void Die(const std::string& message) {
  std::fprintf(stderr, "metric set: %s\n", message.c_str());
  std::abort();
}

const MetricRow& RowOf(absl::string_view name, MetricType type) {
  const MetricRow* row = FindMetric(name);
  if (row == nullptr) Die(absl::StrCat("no metric '", name, "' in the catalogue"));
  if (row->type != type) {
    Die(absl::StrCat("metric '", name, "' is a ", MetricTypeName(row->type), ", used as a ",
                     MetricTypeName(type)));
  }
  return *row;
}

prometheus::Labels CheckedLabels(const MetricRow& row, const MetricLabels& labels) {
  prometheus::Labels checked;
  for (const auto& [key, value] : labels) {
    if (std::find(row.labels.begin(), row.labels.end(), key) == row.labels.end()) {
      Die(absl::StrCat("metric '", row.name, "' has no label '", key, "'"));
    }
    checked[key] = ValidUtf8(value);
  }
  if (checked.size() != row.labels.size()) {
    Die(absl::StrCat("metric '", row.name, "' needs ", row.labels.size(), " labels, got ",
                     checked.size()));
  }
  return checked;
}

// The families of one type with their series by name.
template <typename T>
class Families {
 public:
  template <typename... Args>
  T& Get(const MetricRow& row, const prometheus::Labels& labels, Args&&... args) {
    Entry& entry = entries_[row.name];
    if (!entry.family) {
      entry.family =
          std::make_unique<prometheus::Family<T>>(row.name, row.help, prometheus::Labels{});
    }
    T*& series = entry.series[labels];
    if (series == nullptr) series = &entry.family->Add(labels, std::forward<Args>(args)...);
    return *series;
  }

  void Remove(const MetricRow& row, const prometheus::Labels& labels) {
    const auto entry = entries_.find(row.name);
    if (entry == entries_.end()) return;
    const auto series = entry->second.series.find(labels);
    if (series == entry->second.series.end()) return;
    entry->second.family->Remove(series->second);
    entry->second.series.erase(series);
  }

  void Collect(const MetricRow& row, std::vector<prometheus::MetricFamily>* out) const {
    const auto entry = entries_.find(row.name);
    if (entry == entries_.end()) return;
    for (prometheus::MetricFamily& family : entry->second.family->Collect())
      out->push_back(std::move(family));
  }

 private:
  struct Entry {
    std::unique_ptr<prometheus::Family<T>> family;
    std::map<prometheus::Labels, T*> series;
  };
  std::map<std::string, Entry> entries_;
};

// Raises a counter to a total that is kept elsewhere.
void RaiseTo(prometheus::Counter& counter, double total) {
  const double missing = total - counter.Value();
  if (missing > 0) counter.Increment(missing);
}

}  // namespace

struct MetricSet::Impl {
  std::mutex mutex;  // guards the families
  Families<prometheus::Counter> counters;
  Families<prometheus::Gauge> gauges;
  Families<prometheus::Histogram> histograms;

  std::mutex scrape_mutex;  // one scrape at a time; held while refreshers run
  std::vector<std::function<void()>> refreshers;
};

MetricSet::MetricSet() : impl_(std::make_unique<Impl>()) {
  Gauge("basisbench_build_info",
        {{"version", kVersion}, {"method_version", absl::StrCat(kMethodVersion)}})
      .Set(1);
  const std::pair<const char*, LogLevel> levels[] = {{"debug", LogLevel::kDebug},
                                                     {"info", LogLevel::kInfo},
                                                     {"warning", LogLevel::kWarning},
                                                     {"error", LogLevel::kError}};
  for (const auto& [name, level] : levels) {
    prometheus::Counter& counter = Counter("basisbench_log_messages_total", {{"level", name}});
    OnScrape([&counter, level = level] { RaiseTo(counter, static_cast<double>(LogCount(level))); });
  }
  OnScrape([this] {
    ReadProcessMetrics([this](absl::string_view name, double value) {
      if (FindMetric(name)->type == MetricType::kCounter) {
        RaiseTo(Counter(name), value);
      } else {
        Gauge(name).Set(value);
      }
    });
  });
}

MetricSet::~MetricSet() = default;

prometheus::Counter& MetricSet::Counter(absl::string_view name, const MetricLabels& labels) {
  const MetricRow& row = RowOf(name, MetricType::kCounter);
  const prometheus::Labels checked = CheckedLabels(row, labels);
  std::lock_guard lock(impl_->mutex);
  return impl_->counters.Get(row, checked);
}

prometheus::Gauge& MetricSet::Gauge(absl::string_view name, const MetricLabels& labels) {
  const MetricRow& row = RowOf(name, MetricType::kGauge);
  const prometheus::Labels checked = CheckedLabels(row, labels);
  std::lock_guard lock(impl_->mutex);
  return impl_->gauges.Get(row, checked);
}

prometheus::Histogram& MetricSet::Histogram(absl::string_view name, const MetricLabels& labels) {
  const MetricRow& row = RowOf(name, MetricType::kHistogram);
  const prometheus::Labels checked = CheckedLabels(row, labels);
  std::lock_guard lock(impl_->mutex);
  return impl_->histograms.Get(row, checked, BucketBounds(row.buckets));
}

void MetricSet::Remove(absl::string_view name, const MetricLabels& labels) {
  const MetricRow* row = FindMetric(name);
  if (row == nullptr) Die(absl::StrCat("no metric '", name, "' in the catalogue"));
  const prometheus::Labels checked = CheckedLabels(*row, labels);
  std::lock_guard lock(impl_->mutex);
  impl_->counters.Remove(*row, checked);
  impl_->gauges.Remove(*row, checked);
  impl_->histograms.Remove(*row, checked);
}

void MetricSet::OnScrape(std::function<void()> refresh) {
  std::lock_guard lock(impl_->scrape_mutex);
  impl_->refreshers.push_back(std::move(refresh));
}

std::string MetricSet::Scrape() {
  std::lock_guard scrape_lock(impl_->scrape_mutex);
  for (const auto& refresh : impl_->refreshers) refresh();
  std::vector<prometheus::MetricFamily> families;
  {
    std::lock_guard lock(impl_->mutex);
    for (const MetricRow& row : MetricCatalogue()) {
      impl_->counters.Collect(row, &families);
      impl_->gauges.Collect(row, &families);
      impl_->histograms.Collect(row, &families);
    }
  }
  return WriteTextFormat(families);
}

}  // namespace basisbench
