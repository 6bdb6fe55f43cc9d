import DaybookModel
import DaybookSchema
import NIOCore
import Ports

@testable import Partitions

private let text = ContentCoding.text("x")

extension GroupWorld {
  typealias Row = PermissionRow<GroupWorld>

  static var rows: [Row] { speaking + reading + membership + moderation }

  private static let speaking: [Row] = [
    Row("`send` a message") { _, _ in .send(message("x")) },
    Row("`sendTransient`, to who is online") { _, _ in .sendTransient(message("x")) },
    Row("`recall` one's own message") { .recall($0.own($1)) },
    Row("`recall` one's own, after the limit", isLate: true) { .recall($0.own($1)) },
    Row("`recall` one's own once more") { .recall($0.recalled($1)) },
    Row("`recall` another's message") { world, _ in .recall(world.others) },
    Row("`recall` another's, after the limit", isLate: true) { world, _ in
      .recall(world.others)
    },
    Row("`edit` one's own message") { .edit($0.own($1), content: text) },
    Row("`edit` one's own that was recalled") { .edit($0.recalled($1), content: text) },
    Row("`edit` another's message") { world, _ in .edit(world.others, content: text) },
    Row("`react` to a message") { world, _ in
      .react(world.others, reaction: "new", isRemoved: false)
    },
    Row("`react` the same way again") { world, _ in
      .react(world.others, reaction: "+1", isRemoved: false)
    },
    Row("`react` to what was recalled") {
      .react($0.recalled($1), reaction: "x", isRemoved: false)
    },
    Row("`react`: withdraw a reaction") { world, _ in
      .react(world.others, reaction: "+1", isRemoved: true)
    },
    Row("`react`: withdraw what isn't there") { world, _ in
      .react(world.others, reaction: "none", isRemoved: true)
    },
  ]

  private static let reading: [Row] = [
    Row("`clear` it for oneself") { world, _ in .clear(peer: nil, upTo: world.head) },
    Row("`clear` what was cleared before") { _, _ in .clear(peer: nil, upTo: .none) },
    Row("`openCursor` of a known device") { _, _ in .openCursor(registration: Seq(1)) },
    Row("`openCursor` of a new device") { _, _ in .openCursor(registration: Seq(2)) },
    Row("`inspect` what one may see") { _, _ in .inspect(peer: nil) },
  ]

  private static let membership: [Row] = [
    Row("`createGroup` with the same id") { _, _ in .createGroup(GroupSettings(title: "")) },
    Row("`join`") { _, _ in .join },
    Row("`leave`") { _, _ in .leave },
    Row("`invite` a stranger") { _, _ in .invite(user("else")) },
    Row("`invite` a member") { _, _ in .invite(user("otherMember")) },
    Row("`invite` who is invited") { _, _ in .invite(user("otherInvited")) },
    Row("`invite` who has asked") { _, _ in .invite(user("otherRequested")) },
    Row("`admit` who has asked") { _, _ in .admit(user("otherRequested")) },
    Row("`admit` who has not asked") { _, _ in .admit(user("else")) },
    Row("`refuse` who has asked") { _, _ in .refuse(user("otherRequested")) },
    Row("`refuse` who is invited") { _, _ in .refuse(user("otherInvited")) },
    Row("`refuse` who is neither") { _, _ in .refuse(user("else")) },
    Row("`refuse` for oneself") { .refuse($1) },
    Row("`remove` a member") { _, _ in .remove(user("otherMember")) },
    Row("`remove` an admin") { _, _ in .remove(user("otherAdmin")) },
    Row("`remove` the owner") { _, _ in .remove(user("owner")) },
    Row("`remove` who is no member") { _, _ in .remove(user("else")) },
    Row("`remove` oneself") { .remove($1) },
  ]

  private static let moderation: [Row] = [
    Row("`changeGroup`") { _, _ in .changeGroup(GroupChange(title: "new")) },
    Row("`changeGroup` to what it is") { _, _ in .changeGroup(GroupChange(title: "talk")) },
    Row("`changeRole`: a member to admin") { _, _ in .changeRole(user("otherMember"), .admin) },
    Row("`changeRole`: an admin to member") { _, _ in .changeRole(user("otherAdmin"), .member) },
    Row("`changeRole`: a member to owner") { _, _ in .changeRole(user("otherMember"), .owner) },
    Row("`changeRole`: to what it is") { _, _ in .changeRole(user("otherMember"), .member) },
    Row("`changeRole` of who is no member") { _, _ in .changeRole(user("else"), .admin) },
    Row("`changeRole`: oneself to member") { .changeRole($1, .member) },
    Row("`silence` a member") { _, _ in .silence(user("otherMember"), true) },
    Row("`silence` who is silenced") { _, _ in .silence(user("otherSilenced"), true) },
    Row("`silence` an admin") { _, _ in .silence(user("otherAdmin"), true) },
    Row("`silence` the owner") { _, _ in .silence(user("owner"), true) },
    Row("`silence` oneself") { .silence($1, true) },
    Row("`silence` who has left") { _, _ in .silence(user("former"), true) },
    Row("`silence` who never was a member") { _, _ in .silence(user("else"), true) },
    Row("`silence`: lift it") { _, _ in .silence(user("otherSilenced"), false) },
    Row("`dissolve`") { _, _ in .dissolve },
  ]
}

extension MailboxWorld {
  typealias Row = PermissionRow<MailboxWorld>

  static var rows: [Row] { speaking + reading + marking }

  private static let speaking: [Row] = [
    Row("`send` a message") { _, _ in .send(message("x")) },
    Row("`sendTransient`, to who is online") { _, _ in .sendTransient(message("x")) },
    Row("`recall` one's own message") { .recall($0.own($1)) },
    Row("`recall` one's own, after the limit", isLate: true) { .recall($0.own($1)) },
    Row("`recall` one's own once more") { .recall($0.recalled($1)) },
    Row("`recall` another's message") { world, _ in .recall(world.others) },
    Row("`edit` one's own message") { .edit($0.own($1), content: text) },
    Row("`edit` one's own that was recalled") { .edit($0.recalled($1), content: text) },
    Row("`edit` another's message") { world, _ in .edit(world.others, content: text) },
    Row("`react` to one's own message") {
      .react($0.own($1), reaction: "new", isRemoved: false)
    },
    Row("`react` to another's message") { world, _ in
      .react(world.others, reaction: "new", isRemoved: false)
    },
    Row("`react` the same way again") { .react($0.own($1), reaction: "+1", isRemoved: false) },
    Row("`react` to what was recalled") {
      .react($0.recalled($1), reaction: "x", isRemoved: false)
    },
    Row("`react`: withdraw a reaction") { .react($0.own($1), reaction: "+1", isRemoved: true) },
    Row("`react`: withdraw what isn't there") {
      .react($0.own($1), reaction: "none", isRemoved: true)
    },
  ]

  private static let reading: [Row] = [
    Row("`ack` by a device that follows") { world, _ in .ack(upTo: world.head) },
    Row("`read` something new") { world, _ in .read(peer: UserID(checked: "peer"), upTo: world.head)
    },
    Row("`read` what was read before") { _, _ in .read(peer: UserID(checked: "peer"), upTo: .none)
    },
    Row("`ackGroups` by a device that follows") { _, _ in
      .ackGroups([GroupPosition(ubuntu, upTo: Seq(1))])
    },
    Row("`readGroup` further") { _, _ in
      .readGroup(ubuntu, upTo: Seq(2), GroupReading(lastMessage: Seq(2)))
    },
    Row("`readGroup` what was read before") { _, _ in
      .readGroup(ubuntu, upTo: .none, GroupReading(lastMessage: Seq(2)))
    },
    Row("`clear` a conversation") { world, _ in
      .clear(peer: UserID(checked: "peer"), upTo: world.head)
    },
    Row("`clear` what was cleared before") { _, _ in
      .clear(peer: UserID(checked: "peer"), upTo: .none)
    },
    Row("`openCursor`") { _, _ in .openCursor() },
    Row("`inspect` a conversation") { _, _ in .inspect(peer: UserID(checked: "peer")) },
    Row("`inspectContact`: whether the owner is online") { _, _ in .inspectContact },
  ]

  private static let marking: [Row] = [
    Row("`block` somebody") { _, _ in .block(UserID(checked: "else"), true) },
    Row("`block` who is blocked") { _, _ in .block(UserID(checked: "blocked"), true) },
    Row("`block` oneself") { .block($1, true) },
    Row("`block`: no longer") { _, _ in .block(UserID(checked: "blocked"), false) },
    Row("`mark` a conversation") { _, _ in .mark(.group(ubuntu), MarksChange(isPinned: true)) },
    Row("`mark` it as it is") { _, _ in .mark(.group(ubuntu), MarksChange(isQuiet: true)) },
    Row("`forgetDevice`") { _, _ in .forgetDevice(phone) },
    Row("`forgetDevice` that is unknown") { _, _ in .forgetDevice(laptop) },
    Row("`dropGroup` that is in the list") { _, _ in .dropGroup(ubuntu, at: Seq(1)) },
    Row("`dropGroup` that isn't") { _, _ in .dropGroup(GroupID(checked: "else"), at: Seq(1)) },
    Row("`checkToken` that is good") { _, _ in .checkToken(TokenStamp(issuedAt: start)) },
    Row("`revokeTokens`") { _, _ in
      .revokeTokens(device: nil, tokenID: "t", ofService: false)
    },
    Row("`openSession`") { _, _ in .openSession(session: "s", client: "c") },
    Row("`closeSession`") { _, _ in .closeSession(session: "s", reason: "") },
  ]
}

/// Where a command means something: a new one belongs into the table of each.
func kindsOfStream(of body: Command.Body) -> Set<StreamKey.Kind> {
  switch body {
  case .send, .sendTransient, .recall, .edit, .react, .clear, .openCursor, .inspect:
    [.user, .group]
  case .createGroup, .changeGroup, .join, .leave, .invite, .remove, .admit, .refuse, .changeRole,
    .silence, .dissolve:
    [.group]
  case .ack, .ackGroups, .read, .readGroup, .block, .mark, .forgetDevice, .inspectContact,
    .dropGroup, .checkToken, .revokeTokens, .openSession, .closeSession:
    [.user]
  // Nobody's wish; and what is asked about the own commands alone.
  case .refused, .nextNumber: []
  }
}
