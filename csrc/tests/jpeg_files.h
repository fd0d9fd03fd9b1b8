// Files that the tests make, and how pixfeed's decoder is compared with libjpeg-turbo on them.
#pragma once

#include <string>
#include <vector>

#include "tests/jpeg_turbo.h"

namespace pixfeed::testing {

// Every way to ask for a picture.
inline constexpr Request kRequests[] = {{false, 1, true}, {true, 1, true}, {false, 2, true}, {true, 2, true},
                                        {false, 4, true}, {true, 4, true}, {false, 8, true}, {true, 8, true}};
inline constexpr Request kLowPasses[] = {{false, 2, true, true}, {true, 2, true, true},  {false, 4, true, true},
                                         {true, 4, true, true},  {false, 8, true, true}, {true, 8, true, true}};

std::string describe(const Recipe& recipe);
std::string describe(const Request& request, const Area& area);

enum class Result { same, declined, different };

// Our decoder's rows of `area`, every `every`th of them, against libjpeg-turbo's.
Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request, const Area& area,
               int every = 1);
Result compare(const std::vector<std::uint8_t>& file, const Picture& turbo, const Request& request = {});

// A rectangle of a picture, one time in eight without any pixels.
Area random_area(const Picture& picture);

// A low-pass of a whole file; without pixels if it is declined.
Picture low_pass(const std::vector<std::uint8_t>& file, int width, int height, const Request& request);

// Parts of a low-pass are those of the whole. False if the file is declined.
bool check_low_pass_parts(const std::vector<std::uint8_t>& file, int width, int height, Request request,
                          const std::string& name);

// A sound file in every way or, without `thorough`, in about every third, and parts of it. False if it is declined as
// it is: that may be right. What is taken as it is has to be taken in every other way, too.
bool check_file(const std::vector<std::uint8_t>& file, const std::string& name, bool thorough);

// A file that is made and has to be taken.
void check_recipe(const Recipe& recipe);

}  // namespace pixfeed::testing
