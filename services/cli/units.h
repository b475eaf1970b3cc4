// SPDX-License-Identifier: Apache-2.0
// Numbers for people: three significant digits with a unit. Machine output never passes through
// here.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace basisbench {

std::string HumanSeconds(double seconds);            // "1.23 ms"
std::string HumanFlopRate(double flops_per_second);  // "61.2 GFLOP/s"
std::string HumanBytes(double bytes);                // "4.50 MiB", binary multiples
std::string HumanByteRate(double bytes_per_second);  // "11.8 GiB/s"
std::string HumanJoules(double joules);              // "1.23 mJ"
std::string HumanPercent(double fraction);           // "78.1 %"
std::string HumanError(double relative_error);       // "1.2e-07"
std::string HumanRatio(double ratio);                // "2.31x"
// "1.23 ms [1.22, 1.25]": both ends in the unit of the middle.
std::string HumanInterval(double middle, double low, double high);
std::string HumanEta(double seconds);  // "0:41", "1:02:03"

// ISO 8601 in UTC; empty when unset (zero). The second with as many decimals as there are.
std::string IsoTime(const google::protobuf::Timestamp& time);
std::string IsoTimeExact(const google::protobuf::Timestamp& time);
double SecondsBetween(const google::protobuf::Timestamp& from,
                      const google::protobuf::Timestamp& to);

}  // namespace basisbench
