// Loss of power under load: the book lies in an ext4 file system in a loop device on a disk that
// keeps every write and flush. Images of moments in between, with part of what was not flushed, are
// mounted, and the book in each must keep its promise.
//
// SUANPAN_POWER_IMAGES: how many (10), twenty to a load; SUANPAN_POWER_SEED: random otherwise, and
// printed (the images depend on the machine's timing as well).
#include <cstdio>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/crash/acknowledged.h"
#include "tests/crash/block_log.h"
#include "tests/crash/child.h"
#include "tests/crash/settings.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kDiskBytes = 96 << 20;
constexpr std::size_t kThreads = 3, kImagesPerLoad = 20;

bool runs(const std::string& command) {
  return std::system((command + " 2>/dev/null").c_str()) == 0;
}

// A mount that is gone with its owner.
class Mounted {
 public:
  Mounted(const fs::path& image, const fs::path& at) : at_(at) {
    fs::create_directories(at_);
    mounted_ = runs("mount -o loop '" + image.string() + "' '" + at_.string() + "'");
  }
  ~Mounted() { end(); }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  explicit operator bool() const { return mounted_; }
  void end() {
    if (!mounted_) return;
    mounted_ = false;
    if (!runs("umount '" + at_.string() + "'")) ::umount2(at_.c_str(), MNT_DETACH);
  }

 private:
  const fs::path at_;
  bool mounted_ = false;
};

std::string empty_file_system(const fs::path& scratch, int block_bytes) {
  std::ofstream(scratch).close();
  fs::resize_file(scratch, kDiskBytes);
  if (!runs(fmt::format("mkfs.ext4 -q -F -b {} '{}' >/dev/null", block_bytes, scratch.string())))
    return {};
  std::ostringstream bytes;
  bytes << std::ifstream(scratch, std::ios::binary).rdbuf();
  fs::remove(scratch);
  return bytes.str();
}

struct Heard {
  std::size_t position;  // of the disk when it was heard
  test::Ack ack;
};

/// Loads the book on the disk, killing and restarting it, until the disk was written enough.
void load(test::BlockLog& disk, const fs::path& book, std::vector<Heard>& heard,
          std::mt19937_64& random) {
  test::Acknowledged acks(kThreads);
  for (int life = 0; life < 4; ++life) {
    std::vector<std::string> words{SUANPAN_BINARY_DIR "/tests/crash_worker", book.string(), "0"};
    for (const std::uint64_t first : acks.first_ids()) words.push_back(std::to_string(first));
    test::Child child(std::move(words), [&](const test::Ack& ack) {
      acks.note(ack);
      heard.push_back({disk.position(), ack});
    });
    // It has its time from its first answer on: a busy machine takes long to begin.
    const std::size_t before = heard.size();
    for (int wait = 0; wait < 2'000 && heard.size() == before; ++wait)
      if (!child.listen(10)) FAIL("the worker ended by itself");
    if (!child.listen(static_cast<std::int64_t>(100 + random() % 800)))
      FAIL("the worker ended by itself");
    child.finish(SIGKILL);
  }
}

}  // namespace

TEST_CASE("power loss: every image of the disk holds what was acknowledged, once, as a prefix") {
  const std::uint64_t images = test::setting("SUANPAN_POWER_IMAGES", 10);
  const std::uint64_t seed = test::setting("SUANPAN_POWER_SEED", std::random_device{}());
  std::printf("SUANPAN_POWER_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  test::TempFolder folder;
  std::uint64_t checked = 0, acknowledged = 0, without_book = 0;
  while (checked < images) {
    std::vector<Heard> heard;
    const fs::path file = folder.path() / "disk", at = folder.path() / "live";
    const std::string empty =
        empty_file_system(folder.path() / "scratch", random() % 2 == 0 ? 1024 : 4096);
    if (empty.empty()) {
      test::skip("mkfs.ext4 is not there");
      return;
    }
    test::BlockLog disk(empty, file);
    if (!disk.mounted()) {
      test::skip("no file can be mounted here (FUSE)");
      return;
    }
    {
      Mounted live(file, at);
      if (!live) {
        test::skip("no loop device can be mounted here");
        return;
      }
      load(disk, at / "book", heard, random);
    }
    const std::size_t end = disk.position();
    REQUIRE(heard.size() > 100);
    for (std::size_t i = 0; i < kImagesPerLoad && checked < images; ++i, ++checked) {
      const std::size_t position = 1 + random() % end;
      const bool all = random() % 4 == 0;
      INFO("image " << checked << " of seed " << seed << ": after " << position << " of " << end
                    << " writes and flushes" << (all ? ", all of them" : ""));
      test::Acknowledged acks(kThreads);
      for (const Heard& h : heard)
        if (h.position <= position) acks.note(h.ack);
      const fs::path image = folder.path() / "image", copy = folder.path() / "copy";
      std::ofstream(image, std::ios::binary) << disk.image(position, all, random);
      Mounted mounted(image, copy);
      if (!mounted) FAIL("the image does not mount");
      acknowledged += acks.acknowledged();
      if (acks.acknowledged() == 0 && !fs::exists(copy / "book" / "db")) {
        ++without_book;  // before anything was made
      } else {
        acks.check(copy / "book");
      }
      mounted.end();
      fs::remove(image);
    }
  }
  REQUIRE(checked == images);
  CHECK(acknowledged > checked);  // else nothing could have been lost
  CHECK(without_book < checked);
  std::printf("%llu images, %llu before the book was made, %llu acknowledged on average\n",
              static_cast<unsigned long long>(checked),
              static_cast<unsigned long long>(without_book),
              static_cast<unsigned long long>(acknowledged / checked));
}
