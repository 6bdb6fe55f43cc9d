import DaybookModel
import Testing

@Suite("Time")
struct TimeTests {
  @Test(
    "times are written as RFC 3339 in UTC with milliseconds",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"),
      (1, "1970-01-01T00:00:00.001Z"),
      (68_169_600_000, "1972-02-29T00:00:00.000Z"),
      (946_684_799_999, "1999-12-31T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (951_868_800_000, "2000-03-01T00:00:00.000Z"),
      (1_709_164_800_000 + 3_723_004, "2024-02-29T01:02:03.004Z"),
      (4_107_542_400_000 - 1, "2100-02-28T23:59:59.999Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (13_574_563_200_000, "2400-02-29T00:00:00.000Z"),
    ] as [(UInt64, String)])
  func rfc3339(milliseconds: UInt64, expected: String) {
    #expect(Timestamp(milliseconds: milliseconds).rfc3339 == expected)
  }

  @Test(
    "a day's midnight is found, leap days included",
    arguments: [
      (1970, 1, 1, 0), (1972, 2, 29, 68_169_600_000), (1999, 12, 31, 946_598_400_000),
      (2000, 2, 29, 951_782_400_000), (2004, 11, 23, 1_101_168_000_000),
      (2024, 2, 29, 1_709_164_800_000), (2100, 3, 1, 4_107_542_400_000),
      (2400, 2, 29, 13_574_563_200_000),
    ] as [(Int, Int, Int, UInt64)])
  func midnight(year: Int, month: Int, day: Int, expected: UInt64) {
    let found = Timestamp.midnight(year: year, month: month, day: day)
    #expect(found == Timestamp(milliseconds: expected))
  }

  @Test(
    "a day that there isn't has no midnight",
    arguments: [
      (2023, 2, 29), (2100, 2, 29), (1900, 2, 28), (2024, 2, 30), (2024, 4, 31), (2024, 13, 1),
      (2024, 0, 1), (2024, 1, 0), (2024, 1, 32), (1969, 12, 31),
    ])
  func noSuchDay(year: Int, month: Int, day: Int) {
    #expect(Timestamp.midnight(year: year, month: month, day: day) == nil)
  }

  @Test("days follow each other without a gap for two centuries")
  func everyDay() {
    var expected: UInt64 = 0
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for year in 1970...2170 {
      let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      for (index, length) in lengths.enumerated() {
        for day in 1...(length + (leap && index == 1 ? 1 : 0)) {
          let found = Timestamp.midnight(year: year, month: index + 1, day: day)
          guard found?.milliseconds == expected else {
            Issue.record("\(year)-\(index + 1)-\(day) is \(String(describing: found))")
            return
          }
          expected += 86_400_000
        }
      }
    }
  }
}
