// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/framing.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/status_matchers.h"
#include "workers/daemon/unique_fd.h"

namespace basisbench {
namespace {

const absl::Duration kPatience = absl::Seconds(30);

// Everything that can be taken out now; stops at an error.
std::vector<std::string> Drain(FrameParser& parser, absl::Status* status) {
  std::vector<std::string> payloads;
  while (true) {
    auto payload = parser.Next();
    *status = payload.status();
    if (!payload.ok() || !payload->has_value()) return payloads;
    payloads.push_back(**std::move(payload));
  }
}

TEST(FrameParser, GivesBackWhatWasFramedHoweverItArrives) {
  std::mt19937 random(2);
  std::vector<std::string> payloads = {"", "a", std::string("\0\xff\n", 3)};
  for (int i = 0; i < 200; ++i) payloads.emplace_back(random() % 3000, static_cast<char>(random()));
  std::string stream;
  for (const std::string& payload : payloads) stream += Frame(payload);
  for (const size_t most : {size_t{1}, size_t{7}, size_t{5000}, stream.size()}) {
    FrameParser parser;
    std::vector<std::string> got;
    absl::Status status;
    for (size_t at = 0; at < stream.size();) {
      const size_t count = std::min(stream.size() - at, 1 + random() % most);
      parser.Append(absl::string_view(stream).substr(at, count));
      at += count;
      for (std::string& payload : Drain(parser, &status)) got.push_back(std::move(payload));
      ASSERT_THAT(status, IsOk());
    }
    EXPECT_EQ(got, payloads) << "pieces of at most " << most;
  }
}

TEST(FrameParser, ATruncatedFrameIsNotGivenOut) {
  const std::string framed = Frame("payload");
  for (size_t length = 0; length < framed.size(); ++length) {
    FrameParser parser;
    parser.Append(framed.substr(0, length));
    const auto payload = parser.Next();
    ASSERT_THAT(payload, IsOk());
    EXPECT_FALSE(payload->has_value()) << length;
  }
}

TEST(FrameParser, ALengthAboveTheLimitIsAnErrorBeforeItsBytesArrive) {
  FrameParser parser(10);
  absl::Status status;
  parser.Append(Frame("0123456789"));
  EXPECT_EQ(Drain(parser, &status).size(), 1u);
  EXPECT_THAT(status, IsOk()) << "the limit itself is allowed";
  parser.Append(absl::string_view("\x0b\0\0\0", 4));
  EXPECT_THAT(parser.Next(), Fails(absl::StatusCode::kInvalidArgument,
                                   "a message announces 11 bytes; the limit is 10"));
  FrameParser standard;
  standard.Append(absl::string_view("\xff\xff\xff\xff", 4));
  EXPECT_THAT(standard.Next(), Fails(absl::StatusCode::kInvalidArgument, "4294967295"));
}

TEST(FrameParser, SurvivesRandomBytes) {
  std::mt19937 random(9);
  for (int round = 0; round < 2000; ++round) {
    FrameParser parser(1000);
    absl::Status status;
    size_t received = 0;
    size_t given = 0;
    for (int i = 0; i < 20 && status.ok(); ++i) {
      std::string bytes(random() % 50, ' ');
      for (char& c : bytes) c = static_cast<char>(random() % 3);
      received += bytes.size();
      parser.Append(bytes);
      for (const std::string& payload : Drain(parser, &status)) given += payload.size() + 4;
    }
    ASSERT_LE(given, received);
  }
}

class FramingPipeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as every program of ours does
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_ = UniqueFd(ends[0]);
    write_ = UniqueFd(ends[1]);
  }

  UniqueFd read_;
  UniqueFd write_;
};

TEST_F(FramingPipeTest, ALargeFramePassesThroughAPipe) {
  const std::string payload(3'000'000, 'p');
  absl::Status written;
  std::thread writer(
      [&] { written = WriteAll(write_.get(), Frame(payload), absl::Now() + kPatience); });
  const auto got = ReadFrame(read_.get(), absl::Now() + kPatience);
  writer.join();
  EXPECT_THAT(written, IsOk());
  ASSERT_THAT(got, IsOk());
  EXPECT_EQ(*got, payload);
}

TEST_F(FramingPipeTest, NobodyReadingEndsAtTheDeadline) {
  EXPECT_THAT(
      WriteAll(write_.get(), std::string(1 << 20, 'x'), absl::Now() + absl::Milliseconds(20)),
      Fails(absl::StatusCode::kDeadlineExceeded, "deadline"));
}

TEST_F(FramingPipeTest, NobodyWritingEndsAtTheDeadline) {
  EXPECT_THAT(ReadFrame(read_.get(), absl::Now() + absl::Milliseconds(20)),
              Fails(absl::StatusCode::kDeadlineExceeded, "deadline"));
  ASSERT_EQ(::write(write_.get(), "\x05\0\0\0ab", 6), 6);
  EXPECT_THAT(ReadFrame(read_.get(), absl::Now() + absl::Milliseconds(20)),
              Fails(absl::StatusCode::kDeadlineExceeded, "deadline"));
}

TEST_F(FramingPipeTest, AClosedEndIsUnavailable) {
  ASSERT_EQ(::write(write_.get(), "\x05\0\0\0ab", 6), 6);
  write_.Reset();
  EXPECT_THAT(ReadFrame(read_.get(), absl::Now() + kPatience),
              Fails(absl::StatusCode::kUnavailable, "closed"));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd writer(ends[1]);
  ::close(ends[0]);
  EXPECT_THAT(WriteAll(writer.get(), "x", absl::Now() + kPatience),
              Fails(absl::StatusCode::kUnavailable, "write"));
}

TEST_F(FramingPipeTest, AnAnnouncedLengthAboveTheLimitIsRefused) {
  ASSERT_EQ(::write(write_.get(), "\xff\xff\xff\x7f", 4), 4);
  EXPECT_THAT(ReadFrame(read_.get(), absl::Now() + kPatience),
              Fails(absl::StatusCode::kInvalidArgument, "announces 2147483647 bytes"));
}

}  // namespace
}  // namespace basisbench
