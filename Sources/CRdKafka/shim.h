#pragma once
#include <librdkafka/rdkafka.h>
// The cluster in this process, for tests of what goes wrong.
#include <librdkafka/rdkafka_mock.h>
