// A copy of a folder that a book or a store is still writing to, as a crash at one moment would
// leave it. Copied file by file, such a folder may lose a file on the way or come out as a mixture
// of two moments; so a copy counts only if the folder is after it what it was before it.
#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

namespace suanpan::test {

/// Where what was written to a log of the database ends: its size does not tell, since records come
/// in place of zeros, and a file's time is no finer than a few milliseconds.
inline std::uintmax_t written_until(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary);
  std::string block(64 << 10, '\0');
  for (std::uintmax_t end = std::filesystem::file_size(log); end > 0;) {
    const std::uintmax_t from = end - std::min<std::uintmax_t>(end, block.size());
    file.seekg(static_cast<std::streamoff>(from));
    file.read(block.data(), static_cast<std::streamsize>(end - from));
    const auto got = std::string_view(block).substr(0, static_cast<std::size_t>(file.gcount()));
    if (const auto last = got.find_last_not_of('\0'); last != got.npos) return from + last + 1;
    end = from;
  }
  return 0;
}

/// What tells two moments of a folder apart: each file's size and time, how far a log is written,
/// and what CURRENT names. Not RocksDB's own text log, which says what it did and holds nothing.
using FolderPicture = std::map<std::filesystem::path, std::string>;
inline FolderPicture picture_of(const std::filesystem::path& folder) {
  FolderPicture picture;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.starts_with("LOG")) continue;
    std::ostringstream what;
    what << entry.file_size() << ' ' << entry.last_write_time().time_since_epoch().count();
    if (name.ends_with(".log")) what << ' ' << written_until(entry.path());
    if (name == "CURRENT") what << ' ' << std::ifstream(entry.path()).rdbuf();
    picture[entry.path().lexically_relative(folder)] = what.str();
  }
  return picture;
}

/// One try: false, and no copy, if `from` changed under way.
inline bool copied_at_one_moment(const std::filesystem::path& from,
                                 const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  try {
    fs::create_directories(to);
    // The head first: it is written in place, and may be behind its journal but never ahead.
    if (fs::exists(from / "head"))
      fs::copy_file(from / "head", to / "head", fs::copy_options::overwrite_existing);
    const FolderPicture before = picture_of(from);
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::skip_existing);
    if (picture_of(from) == before) return true;
  } catch (const fs::filesystem_error& error) {
    if (error.code() != std::errc::no_such_file_or_directory) throw;
  }
  fs::remove_all(to);
  return false;
}

/// Copies `from` to `to`, which is not there yet, at a moment at which nothing is written.
inline void copy_live(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!copied_at_one_moment(from, to)) {
    if (std::chrono::steady_clock::now() > give_up)
      FAIL("no moment in a minute at which nothing was written below " << from);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace suanpan::test
