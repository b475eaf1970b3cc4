// SPDX-License-Identifier: Apache-2.0
// Small dense matrices in double precision, real or complex, row-major, and the few operations on
// them that need no library. Values; no errors: sizes are the caller's duty.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace basisbench {

using Complex = std::complex<double>;

template <typename T>
class Matrix {
 public:
  Matrix() = default;
  // rows x cols of zeros.
  Matrix(int64_t rows, int64_t cols) : rows_(rows), cols_(cols), data_(rows * cols) {}

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  T* data() { return data_.data(); }
  const T* data() const { return data_.data(); }
  T* row(int64_t i) { return data_.data() + i * cols_; }
  const T* row(int64_t i) const { return data_.data() + i * cols_; }
  T& operator()(int64_t i, int64_t j) { return data_[i * cols_ + j]; }
  const T& operator()(int64_t i, int64_t j) const { return data_[i * cols_ + j]; }
  const std::vector<T>& elements() const { return data_; }

 private:
  int64_t rows_ = 0, cols_ = 0;
  std::vector<T> data_;
};

inline double Conjugate(double x) { return x; }
inline Complex Conjugate(const Complex& x) { return std::conj(x); }
inline double SquaredModulus(double x) { return x * x; }
inline double SquaredModulus(const Complex& x) { return std::norm(x); }

// Squared Frobenius norm.
template <typename T>
double Energy(const Matrix<T>& a) {
  double sum = 0;
  for (const T& x : a.elements()) sum += SquaredModulus(x);
  return sum;
}

// sum of conj(a) b over the elements.
template <typename T>
T InnerProduct(const Matrix<T>& a, const Matrix<T>& b) {
  T sum = 0;
  for (size_t i = 0; i < a.elements().size(); ++i)
    sum += Conjugate(a.elements()[i]) * b.elements()[i];
  return sum;
}

template <typename T>
Matrix<T> Difference(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> out(a.rows(), a.cols());
  for (size_t i = 0; i < a.elements().size(); ++i) out.data()[i] = a.data()[i] - b.data()[i];
  return out;
}

template <typename T>
Matrix<T> Sum(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> out(a.rows(), a.cols());
  for (size_t i = 0; i < a.elements().size(); ++i) out.data()[i] = a.data()[i] + b.data()[i];
  return out;
}

// Conjugate transpose.
template <typename T>
Matrix<T> Adjoint(const Matrix<T>& a) {
  Matrix<T> out(a.cols(), a.rows());
  for (int64_t i = 0; i < a.rows(); ++i)
    for (int64_t j = 0; j < a.cols(); ++j) out(j, i) = Conjugate(a(i, j));
  return out;
}

template <typename T>
Matrix<T> Identity(int64_t n) {
  Matrix<T> out(n, n);
  for (int64_t i = 0; i < n; ++i) out(i, i) = 1;
  return out;
}

// A real matrix as one of T.
template <typename T>
Matrix<T> As(const Matrix<double>& a) {
  Matrix<T> out(a.rows(), a.cols());
  for (size_t i = 0; i < a.elements().size(); ++i) out.data()[i] = a.elements()[i];
  return out;
}

// rows x cols elements from (top, left).
template <typename T>
Matrix<T> Block(const Matrix<T>& a, int64_t top, int64_t left, int64_t rows, int64_t cols) {
  Matrix<T> out(rows, cols);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) out(i, j) = a(top + i, left + j);
  return out;
}

// 1 - ||target - member||^2 / ||target||^2; negative when the member is worse than zero.
template <typename T>
double CapturedEnergy(const Matrix<T>& target, const Matrix<T>& member) {
  return 1 - Energy(Difference(target, member)) / Energy(target);
}

}  // namespace basisbench
