import DaybookModel
import DaybookSchema
import NIOCore
import Ports
import Requests
import SwiftProtobuf
import WireProtocol

/// Which streams a session follows and how far each has come: the mailbox first, then one group after
/// the other, then whatever is joined. What is pushed later than it came about, for want of room in
/// its stream's window or in what waits to be read by the client, is caught up with here too.
///
/// It says which stream is to be opened next; whoever hears it calls `open`.
struct Syncing {
  private enum Progress { case waits, live, ended }

  private struct Ended {
    var acked: Seq
    let head: Seq
  }

  private let actor: Actor
  /// Nil for a service, which follows nothing.
  private let mailbox: StreamKey?
  private let user: UserID?
  private let window: PushWindow.Size
  private var following: [StreamKey: StreamFollowing] = [:]
  /// Groups that wait until what is syncing has caught up.
  private var toFollow: [StreamKey] = []
  /// Opened, and not caught up with yet.
  private var current: StreamKey?
  private var saidCaughtUp = false
  /// Streams that were followed and have ended, and how far each was acked and went: the device may
  /// still ack their last events.
  private var ended: [StreamKey: Ended] = [:]
  /// How far the device and its user had come in groups when the mailbox was opened.
  private var reached = GroupsReached()
  private var behind = StreamsBehind()
  private let isPulled: Bool
  private var withholding: Withholding
  private var announcing = Announcing()
  /// What waits to be read by the client is as much as it may be. Until it has come down nothing is
  /// pushed, and streams stay behind.
  private var isFull = false
  /// Something waits for that.
  private var isOwing = false

  init(
    for requester: Requester, window: PushWindow.Size,
    settings: ConnectionSettings = ConnectionSettings()
  ) {
    isPulled = settings.pulls
    withholding = Withholding(settings)
    actor = requester.actor
    user = requester.user
    mailbox = requester.user.map { .user($0) }
    self.window = window
  }

  // MARK: questions

  func follows(_ stream: StreamKey) -> Bool { following[stream] != nil }

  /// The owner has agreed that this session follows the stream.
  func hasOpened(_ stream: StreamKey) -> Bool {
    following[stream].map { $0.phase != .opening } ?? false
  }

  /// A device that is behind with a group is in it all the same.
  func isFollowed(_ stream: StreamKey) -> Bool { following[stream]?.isFollowed ?? false }

  /// As far as is known here.
  func head(of stream: StreamKey) -> Seq {
    following[stream]?.head ?? ended[stream]?.head ?? .none
  }

  /// How far the mailbox goes, once it has been opened.
  var mailboxHead: Seq? { openedMailbox?.head }
  /// How far it went then: what lies behind that was not part of its owner's answer.
  var mailboxOpenedHead: Seq? { openedMailbox?.openedHead }

  private var openedMailbox: StreamFollowing? {
    guard let mailbox, let followed = following[mailbox], followed.phase != .opening else {
      return nil
    }
    return followed
  }

  private func mayPush(_ output: SessionOutput) -> Bool { !isFull && output.hasRoom }

  // MARK: opening

  /// `registration` is which one the device is to its mailbox: groups that know another one are
  /// followed afresh.
  mutating func open(
    _ stream: StreamKey, registration: Seq, _ token: TokenStamp, _ output: inout SessionOutput
  ) {
    current = stream
    following[stream] = StreamFollowing(stream, window: window, isPulled: isPulled)
    var known = GroupReached()
    if let group = stream.groupID {
      known = reached[group]
      // A group that is joined again begins behind what was acked of the stay before.
      known.cursor = max(known.cursor, ended[stream]?.acked ?? .none)
    }
    output.actions.append(.subscribe(stream))
    output.actions.append(
      .submit(
        Command(
          stream: stream, actor: actor, id: nil,
          body: .openCursor(
            registration: registration, known, token: stream.kind == .user ? token : nil)),
        CommandPurpose(sequence: 0, kind: .open(stream))))
  }

  mutating func opened(
    _ stream: StreamKey, _ position: StreamPosition, _ output: inout SessionOutput
  ) {
    following[stream]?.opened(position)
    if let ended = ended.removeValue(forKey: stream) { following[stream]?.acked(ended.acked) }
    output.write(
      .following,
      Daybook_V1_Following.with {
        $0.stream = stream.text
        $0.cursor = min(position.cursor, position.head).rawValue
        $0.headSeq = position.head.rawValue
      })
    if isPulled {
      following[stream]?.acked(min(position.cursor, position.head))
      announcing.begin(stream, head: position.head)
    }
  }

  /// It can't be followed.
  mutating func openFailed(_ stream: StreamKey, _ output: inout SessionOutput) {
    end(stream, say: false, &output)
  }

  /// As the mailbox's owner has said.
  mutating func knows(_ reached: GroupsReached) { self.reached = reached }

  /// Of the groups that the mailbox's owner has named.
  mutating func want(_ groups: [GroupID]) { toFollow += groups.map { .group($0) } }

  private mutating func want(_ group: GroupID) {
    let stream = StreamKey.group(group)
    if following[stream] != nil {
      following[stream]?.reopens = true
    } else if !toFollow.contains(stream) {
      toFollow.append(stream)
    }
  }

  /// The next that waits to be opened, once nothing syncs; if none does, the end of the sync is said.
  mutating func nextToOpen(_ output: inout SessionOutput) -> StreamKey? {
    guard current == nil, mailbox != nil else { return nil }
    guard mayPush(output) else {
      isOwing = true
      return nil
    }
    if !toFollow.isEmpty { return toFollow.removeFirst() }
    if !saidCaughtUp {
      saidCaughtUp = true
      output.write(.caughtUp, Daybook_V1_CaughtUp())
    }
    return nil
  }

  // MARK: going on

  /// Whether there is room for anything to go on; if not, `flushed` will say so.
  mutating func mayAdvance(_ output: SessionOutput) -> Bool {
    guard !mayPush(output) else { return true }
    isOwing = true
    return false
  }

  /// Takes the stream in sync, and those that are behind, as far as they go without an answer or an
  /// ack. One that has just been read lets the others read first. Where a stream is to be opened,
  /// that is given back, and this is to be asked again once it is: what has come to its end stays
  /// there, the rest goes on.
  mutating func advance(_ output: inout SessionOutput) -> StreamKey? {
    let isLast = current.map { behind.wasReadLast($0) } ?? false
    if !isLast, let next = advanceCurrent(&output) { return next }
    for stream in behind.all {
      switch advance(stream, &output) {
      case .waits: break
      case .live: behind.remove(stream)
      case .ended: if let next = nextToOpen(&output) { return next }
      }
    }
    if isLast, let next = advanceCurrent(&output) { return next }
    return nextToOpen(&output)
  }

  private mutating func advanceCurrent(_ output: inout SessionOutput) -> StreamKey? {
    while let stream = current {
      guard advance(stream, &output) != .waits else { return nil }
      current = nil
      if let next = nextToOpen(&output) { return next }
    }
    return nil
  }

  private mutating func advance(
    _ stream: StreamKey, _ output: inout SessionOutput
  ) -> Progress {
    while let step = following[stream]?.next(mayRead: behind.mayRead) {
      switch step {
      case .wait: return .waits
      case .notVisible(let first, let last):
        output.write(
          .notVisible,
          Daybook_V1_NotVisible.with {
            $0.stream = stream.text
            $0.range = .with {
              $0.fromSeq = first.rawValue
              $0.toSeq = last.rawValue
            }
          })
      case .read(let from, let through, let bytesMax):
        behind.reads(stream)
        // No more is read than there is room for now; a quarter of it is left for what frames add.
        output.actions.append(
          .readPage(
            stream, from: from, through: through,
            bytesMax: min(bytesMax, max(1, output.room / 4 * 3))))
        return .waits
      case .awaitAck(let upTo):
        output.write(
          .awaitingAck,
          Daybook_V1_AwaitingAck.with {
            $0.stream = stream.text
            $0.upToSeq = upTo.rawValue
          })
        return .waits
      case .live: return .live
      case .announce: announce(stream, &output)
      case .ended:
        end(stream, say: true, &output)
        return .ended
      }
    }
    return .ended
  }

  /// A page that was read for a stream that has more than was pushed.
  mutating func pageRead(
    _ stream: StreamKey, _ result: Result<[StreamEvent], DaybookError>,
    _ output: inout SessionOutput
  ) -> PageTaken {
    behind.hasRead(stream)
    guard following[stream]?.isReading == true else { return .dropped }
    guard mayPush(output) else {
      isOwing = true
      following[stream]?.droppedPage()
      return .dropped
    }
    switch result {
    case .failure(let error) where stream.kind == .group && error.code == .logCorrupt:
      // As where it can't be opened: what is damaged costs its own groups.
      end(stream, say: false, &output)
      return .ended
    case .failure(let error): return .failed(error)
    case .success(let page):
      let withheld =
        withholding.isIdle ? [] : page.map { withholding.withholds($0.bytes, of: stream) }
      let room = output.taken(of: page)
      guard let count = following[stream]?.took(page: page, atMost: room, withheld: withheld)
      else {
        return .failed(
          DaybookError(
            .storageFailed, "a page of \(stream) does not follow what was sent; connect again"))
      }
      let taken = page.prefix(count)
      for (index, event) in taken.enumerated() {
        if !withheld.isEmpty, withheld[index] {
          withholding.passed(event.seq, of: stream)
        } else {
          withholding.say(of: stream, before: event.seq, &output)
          output.push(event: event.bytes)
        }
        if stream.kind == .user { noteJoin(in: event) }
      }
      if let last = taken.last { withholding.say(of: stream, before: last.seq.next, &output) }
      return .pushed(taken)
    }
  }

  /// Joins up to the mailbox's head at its opening are in the owner's answer already.
  private mutating func noteJoin(in event: StreamEvent) {
    guard let known = mailboxOpenedHead, event.seq > known,
      let group = FollowedEvent.groupJoined(event.bytes)
    else { return }
    want(group)
  }

  // MARK: what is not pushed

  /// As the mailbox's owner has said.
  mutating func quiet(are conversations: [StreamKey]) { withholding.quiet(are: conversations) }

  mutating func mark(_ conversation: StreamKey, isQuiet: Bool) {
    withholding.mark(conversation, isQuiet: isQuiet)
  }

  /// Called now and then: what was passed over while nothing else of its stream came.
  mutating func sayWithheld(_ output: inout SessionOutput) {
    for stream in withholding.untold {
      guard let sent = following[stream]?.sent else { continue }
      withholding.say(of: stream, before: sent.next, &output)
    }
  }

  /// The client has fetched or acked some of a stream.
  mutating func heard(_ stream: StreamKey, _ output: inout SessionOutput) {
    if let followed = following[stream] { announcing.heard(followed, &output) }
  }

  private mutating func announce(_ stream: StreamKey, _ output: inout SessionOutput) {
    if let followed = following[stream] { announcing.announce(followed, &output) }
  }

  // MARK: acks

  /// Slides the stream's window at once, whatever the log says to it later. From the first
  /// `following` of a stream on, also once it has ended, for its last events are acked like all
  /// others; and while it opens again, for what that answers was sent before. Throws
  /// `invalid_request` before that.
  mutating func acked(_ stream: StreamKey, _ upTo: Seq) throws(DaybookError) {
    if hasOpened(stream) {
      following[stream]?.acked(upTo)
    } else if let before = ended[stream]?.acked {
      ended[stream]?.acked = max(before, upTo)
    } else {
      throw DaybookError(
        .invalidRequest,
        "this session has not followed \(stream): there is nothing to ack before 'following'")
    }
  }

  /// Whether an ack of it may let it go on.
  func isAwaited(_ stream: StreamKey) -> Bool { stream == current || behind.contains(stream) }

  // MARK: what commits

  mutating func committed(
    _ stream: StreamKey, _ slot: EventSlot, _ bytes: ByteBuffer, _ output: inout SessionOutput
  ) -> Committed {
    let ends = FollowedEvent.ending(slot, bytes, for: user)
    let mayPush = !isFull && output.takes(event: bytes.readableBytes)
    let isWithheld = withholding.withholds(bytes, of: stream)
    let verdict = following[stream]?.committed(
      slot.seq, bytes: bytes.readableBytes, ends: ends, mayPush: mayPush,
      isWithheld: isWithheld)
    switch verdict {
    case .withhold:
      if !isPulled { withholding.passed(slot.seq, of: stream) }
      return .held
    case .announce:
      announce(stream, &output)
      guard slot.kind == .groupJoined, let group = FollowedEvent.groupJoined(bytes) else {
        return .held
      }
      want(group)
      return .pushed(mayOpen: true)
    case .announceLast:
      announce(stream, &output)
      end(stream, say: true, &output)
      return .pushed(mayOpen: true)
    case .push:
      withholding.say(of: stream, before: slot.seq, &output)
      output.push(event: bytes)
      guard slot.kind == .groupJoined, let group = FollowedEvent.groupJoined(bytes) else {
        return .pushed(mayOpen: false)
      }
      want(group)
      return .pushed(mayOpen: true)
    case .pushLast:
      withholding.say(of: stream, before: slot.seq, &output)
      output.push(event: bytes)
      end(stream, say: true, &output)
      return .pushed(mayOpen: true)
    case .fallBehind: return fellBehind(stream, hasRoom: mayPush, &output)
    case .gap: return .gap
    case .hold, .drop: return .held
    case nil: return .notFollowed
    }
  }

  /// An event of a live stream has found no room.
  private mutating func fellBehind(
    _ stream: StreamKey, hasRoom: Bool, _ output: inout SessionOutput
  ) -> Committed {
    behind.add(stream, isTold: false)
    guard hasRoom, mayAdvance(output) else {
      isOwing = true
      return .held
    }
    sayBehind(&output)
    return .fellBehind
  }

  /// Of those that still are; of very many, the rest with the next flush.
  private mutating func sayBehind(_ output: inout SessionOutput) {
    let heads = behind.takeUntold(StreamsBehind.toldMax).compactMap { stream in
      following[stream].map { followed in
        Daybook_V1_StreamHead.with {
          $0.stream = stream.text
          $0.pushedSeq = followed.sent.rawValue
          $0.headSeq = followed.head.rawValue
        }
      }
    }
    if behind.hasUntold { isOwing = true }
    guard !heads.isEmpty else { return }
    output.write(.behind, Daybook_V1_Behind.with { $0.streams = heads })
  }

  /// What was said before is on its way, or, while `isFull`, waits to be read by the client. True if
  /// something has waited for that, and may go on: `advance`.
  mutating func flushed(isFull: Bool, _ output: inout SessionOutput) -> Bool {
    self.isFull = isFull
    guard !isFull, isOwing else { return false }
    isOwing = false
    sayBehind(&output)
    return true
  }

  // MARK: interruptions

  /// What the stream's partition has committed since may not have been told: its owner is asked.
  mutating func interrupted(_ stream: StreamKey, _ output: inout SessionOutput) {
    guard following[stream]?.interrupted() == true else { return }
    if stream != current, !behind.contains(stream) { behind.add(stream, isTold: true) }
    output.actions.append(
      .submit(
        Command(stream: stream, actor: actor, id: nil, body: .inspect(peer: nil)),
        CommandPurpose(sequence: 0, kind: .resume(stream))))
  }

  /// The user has left it, or had left it: until its owner has said what may be seen of it, nothing more
  /// of it is sent.
  mutating func left(_ stream: StreamKey, _ output: inout SessionOutput) {
    interrupted(stream, &output)
    following[stream]?.mayHaveLeft()
  }

  /// What was missed is to be read from the log.
  mutating func resumed(_ stream: StreamKey, _ position: StreamPosition) {
    if stream.kind == .user {
      reached = position.reached
      for group in position.groups where following[.group(group)] == nil { want(group) }
    }
    following[stream]?.resumed(position)
  }

  // MARK: ends

  private mutating func end(_ stream: StreamKey, say: Bool, _ output: inout SessionOutput) {
    output.actions.append(.unsubscribe(stream))
    behind.remove(stream)
    announcing.end(stream)
    if let sent = following[stream]?.sent {
      withholding.say(of: stream, before: sent.next, &output)
    }
    guard let followed = following.removeValue(forKey: stream) else { return }
    if followed.phase != .opening {
      ended[stream] = Ended(acked: followed.ackedUpTo, head: followed.head)
    }
    if say {
      output.write(
        .unfollowed,
        Daybook_V1_Unfollowed.with {
          $0.stream = stream.text
          $0.lastSeq = (followed.closesAt ?? followed.sent).rawValue
        })
    }
    if followed.ending == .dissolved, let group = stream.groupID, let last = followed.closesAt {
      note(.dropGroup(group, at: last), &output)
    } else if followed.reopens {
      toFollow.append(stream)
    }
    if current == stream { current = nil }
  }

  private func note(_ body: Command.Body, _ output: inout SessionOutput) {
    guard let mailbox else { return }
    output.actions.append(.note(body, in: mailbox, by: actor))
  }
}
