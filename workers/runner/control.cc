// SPDX-License-Identifier: Apache-2.0
#include "workers/runner/control.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

// Broadcasts and gathers move bits without looking at them, so that bytes can travel as f64.
int64_t DoublesFor(size_t bytes) { return static_cast<int64_t>((bytes + 7) / 8); }

}  // namespace

absl::StatusOr<std::vector<double>> GatherDoubles(Communicator& world,
                                                  absl::Span<const double> mine) {
  const auto count = static_cast<int64_t>(mine.size());
  std::vector<double> all(mine.size() * static_cast<size_t>(world.size()));
  if (count == 0) return all;
  std::vector<Piece> pieces;
  for (int rank = 0; rank < world.size(); ++rank) pieces.push_back({rank * count, count});
  std::copy(mine.begin(), mine.end(), all.begin() + world.rank() * count);
  BB_RETURN_IF_ERROR(world.AllGather(Dtype::kF64, all.data(), pieces));
  return all;
}

absl::Status BroadcastDoubles(Communicator& world, absl::Span<double> values, int root) {
  if (values.empty()) return absl::OkStatus();
  return world.Broadcast(Dtype::kF64, values.data(), static_cast<int64_t>(values.size()), root);
}

absl::StatusOr<std::vector<std::string>> GatherBytes(Communicator& world, const std::string& mine) {
  const double size = static_cast<double>(mine.size());
  BB_ASSIGN_OR_RETURN(const std::vector<double> sizes, GatherDoubles(world, {size}));
  std::vector<Piece> pieces;
  int64_t total = 0;
  for (double bytes : sizes) {
    const int64_t count = DoublesFor(static_cast<size_t>(bytes));
    pieces.push_back({total, count});
    total += count;
  }
  std::vector<double> words(static_cast<size_t>(total));
  std::memcpy(words.data() + pieces[static_cast<size_t>(world.rank())].offset, mine.data(),
              mine.size());
  if (total > 0) BB_RETURN_IF_ERROR(world.AllGather(Dtype::kF64, words.data(), pieces));
  std::vector<std::string> all;
  for (size_t rank = 0; rank < sizes.size(); ++rank) {
    const char* begin = reinterpret_cast<const char*>(words.data() + pieces[rank].offset);
    all.emplace_back(begin, static_cast<size_t>(sizes[rank]));
  }
  return all;
}

absl::Status BroadcastBytes(Communicator& world, std::string* bytes) {
  double size = static_cast<double>(bytes->size());
  BB_RETURN_IF_ERROR(BroadcastDoubles(world, absl::MakeSpan(&size, 1)));
  std::vector<double> words(static_cast<size_t>(DoublesFor(static_cast<size_t>(size))));
  if (world.rank() == 0) std::memcpy(words.data(), bytes->data(), bytes->size());
  BB_RETURN_IF_ERROR(BroadcastDoubles(world, absl::MakeSpan(words)));
  bytes->assign(reinterpret_cast<const char*>(words.data()), static_cast<size_t>(size));
  return absl::OkStatus();
}

absl::StatusOr<Agreement> Agree(Communicator& world, const absl::Status& mine) {
  const double code = static_cast<double>(mine.raw_code());
  BB_ASSIGN_OR_RETURN(const std::vector<double> codes, GatherDoubles(world, {code}));
  bool all_ok = true;
  for (double other : codes) all_ok = all_ok && other == 0;
  if (all_ok) return Agreement{};
  BB_ASSIGN_OR_RETURN(const std::vector<std::string> messages,
                      GatherBytes(world, std::string(mine.message())));
  for (size_t rank = 0; rank < codes.size(); ++rank) {
    if (codes[rank] == 0) continue;
    const std::string where = world.size() > 1 ? absl::StrCat("rank ", rank, ": ") : "";
    return Agreement{absl::Status(static_cast<absl::StatusCode>(static_cast<int>(codes[rank])),
                                  absl::StrCat(where, messages[rank]))};
  }
  return Agreement{};
}

}  // namespace basisbench
