// SPDX-License-Identifier: Apache-2.0
// Files made here byte by byte: every readable type, and every way to lie about lengths and places.
#include "workers/weights/safetensors.h"

#include <unistd.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/fakes/status_matchers.h"
#include "workers/devices/dtype.h"
#include "workers/weights/weight_set.h"

namespace basisbench {
namespace {

namespace fs = std::filesystem;

class SafetensorsTest : public testing::Test {
 protected:
  SafetensorsTest()
      : folder_(fs::path(testing::TempDir()) /
                absl::StrCat("basisbench_safetensors_", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~SafetensorsTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  // A file with this header and data; the length is the header's unless given.
  std::string File(const std::string& header, const std::string& data, int64_t length = -1) {
    return Write("one.safetensors", Bytes(header, data, length));
  }
  static std::string Bytes(const std::string& header, const std::string& data,
                           int64_t length = -1) {
    std::string bytes;
    const uint64_t n = length < 0 ? header.size() : static_cast<uint64_t>(length);
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(n >> (8 * i) & 255));
    return bytes + header + data;
  }
  void ExpectRefused(const std::string& path, const std::string& because) {
    EXPECT_THAT(SafetensorsFile::Open(path), Fails(absl::StatusCode::kInvalidArgument, because));
  }

  const fs::path folder_;
};

std::string ElementsOf(Dtype dtype, const std::vector<double>& values) {
  std::string bytes(values.size() * DtypeSize(dtype), '\0');
  for (size_t i = 0; i < values.size(); ++i)
    StoreElement(dtype, bytes.data(), static_cast<int64_t>(i), values[i]);
  return bytes;
}

TEST_F(SafetensorsTest, ReadsEveryFloatingType) {
  const std::vector<double> values = {1, -2.5, 0.125, 1024, -0.0, 0.00390625};
  for (const auto& [name, dtype] :
       {std::pair("F32", Dtype::kF32), std::pair("F64", Dtype::kF64), std::pair("F16", Dtype::kF16),
        std::pair("BF16", Dtype::kBf16)}) {
    const std::string data = ElementsOf(dtype, values);
    // An odd number of bytes in front: tensors need not be aligned.
    const auto file = SafetensorsFile::Open(
        File(absl::StrCat(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[3],)",
                          R"("data_offsets":[0,3]},"w":{"dtype":")", name,
                          R"(","shape":[2,3],"data_offsets":[3,)", 3 + data.size(), "]}}"),
             "xyz" + data));
    ASSERT_THAT(file, IsOk());
    ASSERT_EQ((*file)->tensors().size(), 2);
    const auto matrix = (*file)->Read((*file)->tensors()[1]);
    ASSERT_THAT(matrix, IsOk());
    EXPECT_EQ(matrix->rows, 2);
    EXPECT_EQ(matrix->cols, 3);
    EXPECT_EQ(matrix->values, values) << name;
    EXPECT_THAT((*file)->Read((*file)->tensors()[0]),
                Fails(absl::StatusCode::kInvalidArgument, "dtype U8"));
  }
}

TEST_F(SafetensorsTest, RefusesWhatIsNoMatrixOrNotFinite) {
  const auto file =
      SafetensorsFile::Open(File(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                                 R"("e":{"dtype":"F32","shape":[0,5],"data_offsets":[8,8]},)"
                                 R"("n":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}})",
                                 ElementsOf(Dtype::kF32, {1, 2, 3, std::nan("")})));
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT((*file)->Read((*file)->tensors()[0]),
              Fails(absl::StatusCode::kInvalidArgument, "'e' of shape [0, 5] is no matrix"));
  EXPECT_THAT((*file)->Read((*file)->tensors()[1]),
              Fails(absl::StatusCode::kInvalidArgument, "not finite at element 1"));
  EXPECT_THAT((*file)->Read((*file)->tensors()[2]),
              Fails(absl::StatusCode::kInvalidArgument, "'v' of shape [2] is no matrix"));
}

TEST_F(SafetensorsTest, RefusesEveryLie) {
  const std::string data(16, 'x');
  ExpectRefused(Write("short.safetensors", "1234567"), "it has 7 bytes");
  ExpectRefused(Write("empty.safetensors", ""), "it has 0 bytes");
  ExpectRefused(File("{}", "", 3), "its header would have 3 bytes");
  ExpectRefused(File("{}", "", std::numeric_limits<int64_t>::max()), "its header would have");
  ExpectRefused(Write("huge.safetensors", std::string(8, '\xff') + "{}"), "its header would have");
  ExpectRefused(File("", ""), "its header is no object");
  ExpectRefused(File("[1]", ""), "its header is no object");
  ExpectRefused(File(R"({"w":)", ""), "no JSON object");
  ExpectRefused(File(R"({"w":3})", ""), "'w' needs dtype, shape");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[4]}})", data), "'w' needs dtype, shape");
  ExpectRefused(File(R"({"w":{"dtype":"F33","shape":[4],"data_offsets":[0,16]}})", data), "'F33'");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})", data), "-4");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}})", data), "4.5");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,20]}})", data),
                "lies at [0,20], outside of the 16 bytes");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", data),
                "lies at [16,0]");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}})", data),
                "does not fill the 16 bytes");
  ExpectRefused(
      File(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", ""),
      "does not fill the 0 bytes");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", data),
                "8 bytes at its end belong to no tensor");
  ExpectRefused(File(R"({"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                     R"("w":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})",
                     data),
                "'w' begins at byte 4 of the data, the one before it ends at 8");
  ExpectRefused(File(R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},)"
                     R"("w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})",
                     data),
                "'w' twice");
  EXPECT_THAT(SafetensorsFile::Open((folder_ / "none").string()),
              Fails(absl::StatusCode::kNotFound, "none"));
  EXPECT_THAT(SafetensorsFile::Open(folder_.string()),
              Fails(absl::StatusCode::kInvalidArgument, "not a regular file"));
}

TEST_F(SafetensorsTest, SurvivesDamageAnywhere) {
  const std::string good =
      Bytes(R"({"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", std::string(16, 'x'));
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (int hits = 0; hits < 1 + i % 4; ++hits)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (i % 5 == 0) bytes.resize(random() % bytes.size());
    const auto file = SafetensorsFile::Open(Write("damaged.safetensors", bytes));
    if (!file.ok()) continue;
    for (const TensorEntry& entry : (*file)->tensors()) (void)(*file)->Read(entry).ok();
  }
}

TEST_F(SafetensorsTest, DeepNestingIsRefusedWithoutAStackOverflow) {
  ExpectRefused(File("{\"w\":" + std::string(1 << 20, '['), ""), "no JSON object");
}

TEST_F(SafetensorsTest, AnIndexJoinsItsFiles) {
  const auto file = [&](const std::string& name, const std::string& tensor, double value) {
    Write(name, Bytes(absl::StrCat("{\"", tensor,
                                   R"(":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}})"),
                      ElementsOf(Dtype::kF64, {value})));
  };
  file("a.safetensors", "layers.0.w", 1);
  file("b.safetensors", "layers.1.w", 2);
  const auto index = [&](const std::string& map) {
    return WeightSet::Open(
        Write("model.safetensors.index.json", "{\"metadata\":{},\"weight_map\":" + map + "}"));
  };
  const auto set = index(R"({"layers.0.w":"a.safetensors","layers.1.w":"b.safetensors"})");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->Matching("layers.*.w"), testing::ElementsAre("layers.0.w", "layers.1.w"));
  EXPECT_THAT(set->Matching("*.1.*"), testing::ElementsAre("layers.1.w"));
  EXPECT_THAT(set->Matching("head"), testing::IsEmpty());
  const auto matrix = set->Read("layers.1.w");
  ASSERT_THAT(matrix, IsOk());
  EXPECT_EQ(matrix->values, std::vector<double>{2});
  EXPECT_THAT(set->Read("head"), Fails(absl::StatusCode::kNotFound, "'head'"));
  using absl::StatusCode;
  EXPECT_THAT(index(R"({"x":"a.safetensors"})"),
              Fails(StatusCode::kInvalidArgument, "'x' is not in 'a.safetensors'"));
  EXPECT_THAT(index(R"({"x":"../a.safetensors"})"),
              Fails(StatusCode::kInvalidArgument, "no name of a file beside it"));
  EXPECT_THAT(index(R"({"x":"/etc/passwd"})"),
              Fails(StatusCode::kInvalidArgument, "no name of a file beside it"));
  EXPECT_THAT(index(R"({"x":7})"), Fails(StatusCode::kInvalidArgument, "names no file"));
  EXPECT_THAT(index("3"), Fails(StatusCode::kInvalidArgument, "no \"weight_map\""));
  EXPECT_THAT(index(R"({"x":"c.safetensors"})"), Fails(StatusCode::kNotFound, "c.safetensors"));
}

}  // namespace
}  // namespace basisbench
