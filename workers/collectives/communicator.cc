// SPDX-License-Identifier: Apache-2.0
#include "workers/collectives/communicator.h"

namespace basisbench {

absl::string_view CollectiveName(Collective collective) {
  switch (collective) {
    case Collective::kAllGather:
      return "all_gather";
    case Collective::kReduceScatter:
      return "reduce_scatter";
    case Collective::kAllReduce:
      return "all_reduce";
    case Collective::kAllToAll:
      return "all_to_all";
    case Collective::kSendRecv:
      return "send_recv";
    case Collective::kBroadcast:
      return "broadcast";
  }
  return "unknown";
}

TrafficTable Difference(const TrafficTable& after, const TrafficTable& before) {
  TrafficTable difference;
  for (size_t i = 0; i < difference.size(); ++i) {
    difference[i].calls = after[i].calls - before[i].calls;
    difference[i].bytes_sent = after[i].bytes_sent - before[i].bytes_sent;
    difference[i].messages_sent = after[i].messages_sent - before[i].messages_sent;
    difference[i].seconds = after[i].seconds - before[i].seconds;
  }
  return difference;
}

}  // namespace basisbench
