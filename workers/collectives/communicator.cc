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

}  // namespace basisbench
