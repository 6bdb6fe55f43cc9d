import DaybookModel

/// Whether the commands of a loop's sessions come faster than they are done, be it for the processor or the disk, and what
/// then is refused, so that what is taken is done in time. No I/O, and no clock of its own.
///
/// Two things are needed for that. First there has to be a queue that stands: answers take longer than they lately did at
/// the best, over an interval and the one before, for a burst goes by (Nichols and Jacobson, *Controlling Queue Delay*,
/// 2012), and what a slow disk takes for each sync is no queue. Then, how long a command that comes now would wait is what
/// is unanswered by how much is answered in a second (Little), which is known before it has waited. What can wait best is
/// refused first, from shorter times on.
struct LoadGauge {
  /// What is asked, as a label.
  enum Kind: String, CaseIterable, Sendable {
    case ack, read, query, group, direct

    /// Below which level it is taken.
    fileprivate var level: Int {
      switch self {
      case .ack, .read, .query: 1
      case .group: 2
      case .direct: 3
      }
    }
  }

  /// How much longer than at the best answers may take, on the mean.
  static let target: Duration = .milliseconds(50)
  static let interval: Duration = .milliseconds(200)
  /// What an answer takes at the best is that of so long ago at most, and twice as much is no queue, up to a limit: for one
  /// that stands for long becomes the best there is.
  static let bestAge: Duration = .seconds(16)
  static let bestMax: Duration = .milliseconds(300)
  /// Whoever has fewer in all waits for something else than for each other.
  static let waitingMin = 256
  /// How long a command may have to wait until reads, acks and questions are not taken; messages to groups; and others.
  static let readsMax: Duration = .milliseconds(75)
  static let groupsMax: Duration = .milliseconds(125)
  static let directMax: Duration = .milliseconds(200)
  private static let bounds = [readsMax, groupsMax, directMax]
  static let retryMin: Duration = .milliseconds(100)
  static let retryMax: Duration = .seconds(2)

  /// Without an answer.
  private(set) var waiting = 0
  /// There is a queue that stands.
  private(set) var isBusy = false
  /// How many kinds are refused: 0 to 3.
  private(set) var level = 0
  private var perSecond = 0.0
  private var start: Duration?
  private var answers = 0
  private var batches = 0
  private var delays: Duration = .zero
  private var wasLong = false
  /// The best of this span of time, and of the one before.
  private var best: Duration?
  private var bestBefore: Duration?
  private var bestSince: Duration = .zero

  mutating func asked() { waiting += 1 }

  /// Refused, which tells nothing of how long things take.
  mutating func refused(_ count: Int) { waiting -= count }

  /// The first of these has waited so long. True where how things stand was looked at anew.
  mutating func answered(_ count: Int, after delay: Duration, at now: Duration) -> Bool {
    waiting -= count
    assert(waiting >= 0)
    answers += count
    batches += 1
    delays += delay
    let begun = start ?? now
    start = begun
    guard waiting > 0 else {
      // Nothing waits: whatever there was of a queue is gone.
      note(delays / batches, at: now)
      begin(at: now)
      let wasBusy = isBusy
      (isBusy, wasLong, level) = (false, false, 0)
      return wasBusy
    }
    guard now - begun >= LoadGauge.interval else { return false }
    look(over: now - begun, at: now)
    begin(at: now)
    return true
  }

  private mutating func look(over span: Duration, at now: Duration) {
    let rate = Double(answers) / (span / .seconds(1))
    perSecond = isBusy ? (perSecond + rate) / 2 : rate
    let delay = delays / batches
    note(delay, at: now)
    let isLong = delay - elsewhere > LoadGauge.target
    isBusy = isLong && wasLong
    wasLong = isLong
    weigh()
  }

  private mutating func note(_ delay: Duration, at now: Duration) {
    if now - bestSince >= LoadGauge.bestAge {
      (bestBefore, best, bestSince) = (best, nil, now)
    }
    best = min(best ?? delay, delay)
  }

  /// What a command waits for that is no queue, as a sync.
  private var elsewhere: Duration {
    let best = min(best ?? LoadGauge.bestMax, bestBefore ?? LoadGauge.bestMax)
    return min(best * 2, LoadGauge.bestMax)
  }

  private mutating func begin(at now: Duration) {
    (start, answers, batches, delays) = (now, 0, 0, .zero)
  }

  /// How long what comes now would wait for those before it; zero while there is no queue.
  var wait: Duration {
    guard isBusy, perSecond > 0 else { return .zero }
    return max(.zero, .milliseconds(Int64(Double(waiting) / perSecond * 1_000)) - elsewhere)
  }

  /// Something may be refused.
  var isHigh: Bool { isBusy && waiting >= LoadGauge.waitingMin }

  /// A level is left at three quarters of what it was entered at.
  private mutating func weigh() {
    guard isHigh else { return level = 0 }
    let wait = wait
    while level < LoadGauge.bounds.count, wait > LoadGauge.bounds[level] { level += 1 }
    while level > 0, wait < LoadGauge.bounds[level - 1] * 3 / 4 { level -= 1 }
  }

  /// After how long to come again; nil if it is taken.
  mutating func refuses(_ kind: Kind) -> Duration? {
    guard isBusy else { return nil }
    weigh()
    guard level >= kind.level else { return nil }
    // Not all at the same moment.
    let spread = Double(16 + waiting % 16) / 16
    return min(max(wait * spread, LoadGauge.retryMin), LoadGauge.retryMax)
  }
}
