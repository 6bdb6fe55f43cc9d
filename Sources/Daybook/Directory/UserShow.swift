import ArgumentParser
import DaybookModel
import Ports

/// Prints a user: devices, groups, whom they have blocked, what they have marked.
struct UserShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print a user: devices, groups with roles and stays, blocked users, marks.",
    discussion: "With --json: one object.")

  @OptionGroup var asked: AskedOption

  @Argument(help: "The user; without one, the token's.")
  var user: String?

  @OptionGroup var json: JSONOption

  func validate() throws { try asked.require(user, "which user") }

  func run() async throws {
    let named = try UserID.parse(ifSaid: user, "the user")
    try await asked.asking { answers in
      let user = try answers.owner(named)
      let details = try await answers.inspection.userDetails(user)
      var output = StandardOutput()
      if json.isSet {
        try output.line(UserShow.json(details))
      } else {
        for line in UserShow.text(details) { try output.line(line) }
      }
      try output.flush()
    }
  }

  // MARK: for programs

  private static func json(_ details: UserDetails) -> JSONLine {
    var line = JSONLine()
    line.set("user", details.user.text)
    line.set("first_seen", details.firstSeen.rfc3339)
    line.set("last_seen", time(details.lastSeen))
    line.set("devices", details.devices.map(json))
    line.set("groups", details.groups.map(json))
    line.set("blocked", details.blocked.map(\.text))
    line.set("marks", details.marks.map(json))
    line.set("revoked", details.revocations.map(json))
    return line
  }

  private static func json(_ device: DeviceDetails) -> JSONLine {
    var line = JSONLine()
    line.set("device", device.device.text)
    line.set("cursor", device.cursor.rawValue)
    line.set("added", time(device.added))
    line.set("session_opened", time(device.sessionOpened))
    line.set("session_closed", time(device.sessionClosed))
    line.set("sessions", device.sessions)
    line.set("open", device.isOpen)
    line.set("client", device.client)
    line.set("forgotten", device.isForgotten)
    line.set("class", device.deviceClass.isEmpty ? nil : device.deviceClass)
    return line
  }

  private static func json(_ revoked: Revocation) -> JSONLine {
    var line = JSONLine()
    line.set("of", revoked.isOfService ? "service" : "user")
    line.set("device", revoked.device?.text)
    line.set("token_id", revoked.tokenID.isEmpty ? nil : revoked.tokenID)
    line.set("issued_until", time(revoked.issuedUntil))
    return line
  }

  private static func json(_ membership: MembershipDetails) -> JSONLine {
    var line = JSONLine()
    line.set("group", membership.group.text)
    line.set("role", membership.role?.name)
    line.set("silenced", membership.isSilenced)
    line.set("stays", membership.stays.map(StayLine.json))
    return line
  }

  private static func json(_ marked: MarkedConversation) -> JSONLine {
    var line = JSONLine()
    line.set("conversation", marked.conversation.text)
    line.set("quiet", marked.marks.isQuiet)
    line.set("pinned", marked.marks.isPinned)
    line.set("unread", marked.marks.isUnread)
    return line
  }

  private static func time(_ time: Timestamp) -> String? { time == .none ? nil : time.rfc3339 }

  // MARK: for people

  private static func text(_ details: UserDetails) -> [String] {
    var facts: [(String, String)] = [
      ("user", details.user.text), ("first seen", details.firstSeen.rfc3339),
      ("last seen", time(details.lastSeen) ?? "-"),
    ]
    if !details.blocked.isEmpty {
      facts.append(("blocked", details.blocked.map(\.text).joined(separator: ", ")))
    }
    for marked in details.marks {
      let marks = [
        marked.marks.isQuiet ? "quiet" : nil, marked.marks.isPinned ? "pinned" : nil,
        marked.marks.isUnread ? "unread" : nil,
      ]
      facts.append((marked.conversation.text, marks.compactMap { $0 }.joined(separator: ", ")))
    }
    return Facts.lines(facts) + devices(details.devices) + groups(details.groups)
      + revoked(details.revocations)
  }

  private static func devices(_ devices: [DeviceDetails]) -> [String] {
    guard !devices.isEmpty else { return [] }
    var table = TextTable([
      ("device", .left), ("class", .left), ("cursor", .right), ("sessions", .right),
      ("last session", .left),
      ("last seen", .left), ("client", .left),
    ])
    for device in devices {
      // Whether it is online now is in no log: a crash ends a session without an event.
      let state =
        device.isForgotten ? "forgotten" : device.isOpen ? "not seen to end" : "ended"
      table.add([
        Terminal.safe(device.device.text),
        device.deviceClass.isEmpty ? "-" : Terminal.safe(device.deviceClass), "\(device.cursor)",
        "\(device.sessions)", state,
        time(max(device.sessionOpened, device.sessionClosed)) ?? "-",
        Terminal.safe(device.client),
      ])
    }
    return [""] + table.lines
  }

  private static func groups(_ groups: [MembershipDetails]) -> [String] {
    guard !groups.isEmpty else { return [] }
    var table = TextTable([
      ("group", .left), ("role", .left), ("from seq", .right), ("to seq", .right),
      ("from", .left), ("to", .left),
    ])
    for membership in groups {
      let role = membership.role?.name ?? "-"
      for (index, stay) in membership.stays.enumerated() {
        table.add([
          index == 0 ? Terminal.safe(membership.group.text) : "",
          index > 0 ? "" : membership.isSilenced ? "\(role), silenced" : role,
          "\(stay.seqs.first)", stay.seqs.last.map { "\($0)" } ?? "-", stay.began.rfc3339,
          time(stay.ended) ?? "-",
        ])
      }
    }
    return [""] + table.lines
  }

  private static func revoked(_ revocations: [Revocation]) -> [String] {
    guard !revocations.isEmpty else { return [] }
    var table = TextTable([("void tokens", .left), ("of", .left), ("issued until", .left)])
    for one in revocations {
      let what =
        one.tokenID.isEmpty
        ? one.device.map { "of \($0)" } ?? "all" : PrintableText.quoted(one.tokenID)
      table.add([
        Terminal.safe(what), one.isOfService ? "service" : "user", time(one.issuedUntil) ?? "-",
      ])
    }
    return [""] + table.lines
  }
}
