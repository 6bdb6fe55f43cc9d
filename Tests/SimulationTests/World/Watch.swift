import DaybookModel
import DaybookSchema
import NIOCore
import WireProtocol

/// Notes what was shown to whom, and how much of the log was durable then. It is judged when the
/// run is over and all of the log is known.
final class Watch {
  /// An event that was sent to a device, or answered to it.
  struct Sight {
    unowned let device: SimDevice
    let event: Event
    /// Answered to a question of the device.
    let isAnswer: Bool
  }

  /// A message, or an edit, that was read with its content.
  struct ContentRead {
    let event: Event
    let at: [Int]
    let now: Timestamp
  }

  struct TransientSight {
    unowned let device: SimDevice
    let event: Event
    let at: [Int]
  }

  /// A page of history, and how much was durable when it was asked for.
  struct HistorySight {
    unowned let device: SimDevice
    let conversation: StreamKey
    let events: [Event]
    let askedAt: [Int]
  }

  struct OnlineSight {
    unowned let device: SimDevice
    let user: UserID
    let askedAt: [Int]
    let at: [Int]
  }

  private let log: SimLog
  private let clock: SimClock
  private(set) var sights: [Sight] = []
  private(set) var reads: [ContentRead] = []
  private(set) var transients: [TransientSight] = []
  private(set) var online: [OnlineSight] = []
  private(set) var histories: [HistorySight] = []
  private(set) var faults: [String] = []
  private(set) var awaitedAcks = 0
  private(set) var fallsBehind = 0
  /// Whole ranges, fetched at the end.
  private(set) var ranges: [FetchedRange] = []

  struct FetchedRange {
    unowned let device: SimDevice
    let stream: StreamKey
    let outcome: Result<CollectedRange, DaybookError>
  }

  init(_ log: SimLog, _ clock: SimClock) {
    self.log = log
    self.clock = clock
  }

  // MARK: noting

  func read(_ event: Event) {
    switch event.body {
    case .messageSent, .messageCopied, .messageEdited:
      reads.append(ContentRead(event: event, at: log.heads, now: clock.now()))
    default: break
    }
  }

  func sent(_ frame: Frame, to device: SimDevice) {
    do {
      switch frame.type {
      case .event:
        sights.append(
          Sight(device: device, event: try EventDecoding.decode(frame.body), isAnswer: false))
      case .awaitingAck: awaitedAcks += 1
      case .behind: fallsBehind += 1
      case .transient:
        transients.append(
          TransientSight(
            device: device, event: try EventDecoding.decode(frame.body), at: log.heads))
      case .fetch.reply:
        for bytes in try Daybook_V1_FetchReply(frameBody: frame.body).events {
          try answered(ByteBuffer(bytes: bytes), to: device)
        }
      case .history.reply:
        let reply = try Daybook_V1_HistoryReply(frameBody: frame.body)
        let edits = reply.amendments.map(\.edit).filter { !$0.isEmpty }
        for bytes in reply.events + edits { try answered(ByteBuffer(bytes: bytes), to: device) }
      default: break
      }
    } catch {
      faults.append("\(device.name) was sent a frame of type \(frame.type.rawValue): \(error)")
    }
  }

  private func answered(_ bytes: ByteBuffer, to device: SimDevice) throws {
    sights.append(
      Sight(device: device, event: try EventDecoding.decode(bytes), isAnswer: true))
  }

  // MARK: questions

  func question(for device: SimDevice, _ sizes: RunSizes, _ dice: inout Dice) -> DeviceQuery {
    let streams = device.store.firstCursors.keys.sorted { $0.text < $1.text }
    let stream = dice.pickAny(streams) ?? .user(device.user)
    let conversation =
      stream.kind == .group && !dice.oneIn(4) ? stream : .user(dice.pick(sizes.users))
    let kind: DeviceQuery.Kind
    switch dice.below(3) {
    case 0:
      let from = UInt64(dice.within(1...30))
      kind = .fetch(stream, from: Seq(from), through: Seq(from + UInt64(dice.below(20))))
    case 1: kind = .history(conversation, before: .none, limit: dice.within(1...10))
    // Of several it would ask in the order of a set, which is another in each process.
    default: kind = .online([dice.pick(sizes.users)])
    }
    return DeviceQuery(kind: kind, askedAt: log.heads)
  }

  func answered(
    _ query: DeviceQuery, _ outcome: Result<ByteBuffer, DaybookError>, by device: SimDevice
  ) {
    do {
      switch query.kind {
      case .fetch(let stream, _, _):
        if var collected = query.collected {
          try collect(&collected, outcome, query, stream, device)
        }
      case .history(let conversation, _, _):
        guard case .success(let body) = outcome else { return }
        let events = try Daybook_V1_HistoryReply(frameBody: body).events.map {
          try EventDecoding.decode(ByteBuffer(bytes: $0))
        }
        histories.append(
          HistorySight(
            device: device, conversation: conversation, events: events, askedAt: query.askedAt))
      case .online:
        guard case .success(let body) = outcome else { return }
        for presence in try Daybook_V1_OnlineReply(frameBody: body).users where presence.online {
          online.append(
            OnlineSight(
              device: device, user: UserID(checked: presence.user), askedAt: query.askedAt,
              at: log.heads))
        }
      }
    } catch {
      faults.append("\(device.name) was answered what is no answer: \(error)")
    }
  }

  private func collect(
    _ collected: inout CollectedRange, _ outcome: Result<ByteBuffer, DaybookError>,
    _ query: DeviceQuery, _ stream: StreamKey, _ device: SimDevice
  ) throws {
    let body: ByteBuffer
    switch outcome {
    case .success(let answer): body = answer
    case .failure(let error):
      ranges.append(FetchedRange(device: device, stream: stream, outcome: .failure(error)))
      return
    }
    let reply = try Daybook_V1_FetchReply(frameBody: body)
    for bytes in reply.events {
      collected.events.append(try EventDecoding.decode(ByteBuffer(bytes: bytes)))
    }
    collected.notVisible += reply.notVisible.map { $0.fromSeq...$0.toSeq }
    guard reply.nextSeq != 0 else {
      ranges.append(FetchedRange(device: device, stream: stream, outcome: .success(collected)))
      return
    }
    device.ask(
      DeviceQuery(
        kind: .fetch(stream, from: Seq(reply.nextSeq), through: .none), askedAt: query.askedAt,
        collected: collected))
  }
}

extension SimRun {
  /// One device of each user fetches all that there is of its mailbox and of every group.
  func askForEverything() {
    for user in sizes.users {
      guard let device = devices.first(where: { $0.user == user }) else { continue }
      for stream in [StreamKey.user(user)] + sizes.groups.map({ .group($0) }) {
        device.ask(
          DeviceQuery(
            kind: .fetch(stream, from: Seq(1), through: .none), askedAt: log.heads,
            collected: CollectedRange()))
      }
    }
  }
}
