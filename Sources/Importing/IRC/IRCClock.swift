import DaybookModel

/// Which moment a line's time of day is: days go by within a file.
struct IRCClock {
  /// Nil while no day is known.
  private(set) var day: Timestamp?
  /// Hours are written 1 to 12, so that after noon they begin anew.
  private let hasTwelveHours: Bool
  /// Of the last line with a time of day, since `day` began.
  private var last: Int?

  private static let hour = 3600
  private static let half = 12 * hour
  private static let day = 24 * hour

  init(day: Timestamp?, hasTwelveHours: Bool) {
    self.day = day
    self.hasTwelveHours = hasTwelveHours
  }

  mutating func begin(_ day: Timestamp) {
    self.day = day
    last = nil
  }

  /// The moment; nil while no day is known.
  mutating func moment(of time: IRCTime?) -> Timestamp? {
    if case .moment(let moment)? = time {
      day = moment
      last = nil
      return moment
    }
    guard let day else { return nil }
    if case .clock(let clock)? = time { last = second(clock) }
    return Timestamp(milliseconds: day.milliseconds + UInt64(last ?? 0) * 1000)
  }

  /// Of the moments that a clock shows alike, the one that the line was written at. A clock that is set
  /// back a little begins no new day.
  private func second(_ clock: Int) -> Int {
    guard let last else { return clock }
    if hasTwelveHours {
      var second = clock % IRCClock.half
      while last - second >= IRCClock.hour { second += IRCClock.half }
      return second
    }
    let second = last / IRCClock.day * IRCClock.day + clock
    if last - second >= 11 * IRCClock.hour { return second + IRCClock.day }
    let isOfDayBefore = second - last > 23 * IRCClock.hour && second >= IRCClock.day
    return isOfDayBefore ? second - IRCClock.day : second
  }
}
