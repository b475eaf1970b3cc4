// SPDX-License-Identifier: Apache-2.0
// Transport settings both ends of a connection must agree on.
#pragma once

namespace basisbench {

inline constexpr int kMaxMessageBytes = 16 * 1024 * 1024;

// A peer that is silent this long is asked for a sign of life, and given up when none comes.
inline constexpr int kKeepaliveTimeMs = 20'000;
inline constexpr int kKeepaliveTimeoutMs = 10'000;

// Pings more frequent than this are taken for abuse; well below kKeepaliveTimeMs, so that jitter is
// not.
inline constexpr int kMinPingIntervalMs = 5'000;

// Ceiling of the exponential back-off between attempts to connect: a restarted server is found
// again within seconds.
inline constexpr int kMaxReconnectBackoffMs = 2'000;

}  // namespace basisbench
