import DaybookModel

/// What a message says, all of it as one text: its own, then what stands in its blocks and its
/// attachments and is not in that text already, then its files.
///
/// A person's message has its text twice, as text and as blocks; a program's has in `text` only what
/// notifications show. So what repeats what is there already is left out, and nothing else.
struct SlackBody {
  private(set) var text = SlackText()
  /// Parts of it that nothing is made of, by what they are.
  private(set) var skipped: [String: Int] = [:]

  let directory: SlackDirectory

  init(_ version: SlackVersion, _ directory: SlackDirectory) {
    self.directory = directory
    let isAction = version.subtype == "me_message" && !version.text.isEmpty
    // As Slack shows it, and writes it elsewhere.
    text = SlackText(isAction ? "_\(version.text)_" : version.text, directory)
    // Blocks of a person's message say what its text does, in other marks.
    let isTwice =
      !version.text.isEmpty && version.blocks.allSatisfy { $0["type"] == .string("rich_text") }
    if !isTwice { add(blocks: version.blocks) }
    for attachment in version.attachments {
      if let fields = SlackFields(object: attachment) { add(attachment: fields) }
    }
    add(files: version.files)
    if text.cut(bytesMax: SlackBody.textBytesMax) { skip("text_cut") }
  }

  /// A content's own fields take some bytes too.
  static let textBytesMax = Limits.contentBytesMax - 16

  mutating func skip(_ what: String) { skipped[what, default: 0] += 1 }

  /// On a line of its own, unless it is there.
  private mutating func add(_ piece: SlackText) {
    guard !piece.isEmpty, !SlackBody.says(text.text, piece.text) else { return }
    if !text.isEmpty { text.append(plain: "\n") }
    text.append(piece)
  }

  /// Whether a text says so in lines of its own, or is that; words within a line are not enough.
  private static func says(_ text: String, _ piece: String) -> Bool {
    let all = text.split(whereSeparator: \.isNewline).map(trimmed)
    let wanted = piece.split(whereSeparator: \.isNewline).map(trimmed)
    guard !wanted.isEmpty, wanted.count <= all.count else { return wanted.isEmpty }
    return (0...(all.count - wanted.count)).contains { start in
      all[start..<(start + wanted.count)].elementsEqual(wanted)
    }
  }

  private static func trimmed(_ line: Substring) -> Substring {
    var line = line
    while line.first?.isWhitespace == true { line.removeFirst() }
    while line.last?.isWhitespace == true { line.removeLast() }
    return line
  }

  private mutating func add(files: [SlackVersion.File]) {
    for file in files {
      text.appendLine(
        file.url.isEmpty ? "[file: \(file.name)]" : "[file: \(file.name), \(file.url)]")
    }
  }

  private mutating func add(blocks: [JSONValue]) {
    var renderer = SlackBlocks(directory)
    for block in blocks {
      if let fields = SlackFields(object: block) { add(renderer.text(of: fields)) }
    }
    skipped.merge(renderer.skipped) { $0 + $1 }
  }

  // MARK: attachments

  private func marked(_ source: String?) -> SlackText {
    source.map { SlackText($0, directory) } ?? SlackText()
  }

  /// What a program hangs on its message, what Slack shows of a link, or a message that was shared.
  private mutating func add(attachment fields: SlackFields) {
    let before = text
    add(marked(fields.textIfAny("pretext")))
    if isShared(fields) {
      add(SlackText(plain: sharedLine(fields)))
    } else {
      add(SlackText(plain: fields.firstText("author_name", "service_name") ?? ""))
    }
    if let title = fields.firstText("title") {
      var line = SlackText()
      line.appendLink(
        fields.firstText("title_link") ?? title, SlackText(title, directory).text)
      add(line)
    }
    add(marked(fields.textIfAny("text")))
    for field in fields.objects("fields") {
      var line = marked(field.firstText("title"))
      if let value = field.firstText("value") {
        if !line.isEmpty { line.append(plain: ": ") }
        line.append(value, directory)
      }
      add(line)
    }
    add(blocks: fields.objects("blocks").map(\.value))
    for message in fields.objects("message_blocks") {
      add(blocks: message.object("message")?.objects("blocks").map(\.value) ?? [])
    }
    if let image = fields.firstText("image_url", "thumb_url") {
      add(SlackText(plain: "[image: \(image)]"))
    }
    if let video = fields.firstText("video_url") { add(SlackText(plain: "[video: \(video)]")) }
    add(files: SlackVersion.files(fields))
    for action in fields.objects("actions") {
      add(SlackBlocks.button(action.firstText("text", "name"), action.firstText("url")))
    }
    add(marked(fields.textIfAny("footer")))
    if text == before { add(marked(fields.textIfAny("fallback"))) }
    if text == before, fields.value != .object([]), !SlackBody.hasWords(fields) {
      skip("attachment")
    }
  }

  /// It had something to say, and that is in the text.
  private static func hasWords(_ fields: SlackFields) -> Bool {
    fields.firstText("text", "title", "fallback", "pretext") != nil
  }

  private func isShared(_ fields: SlackFields) -> Bool {
    fields.isTrue("is_share") || fields.isTrue("is_msg_unfurl") || fields.isTrue("is_reply_unfurl")
  }

  private func sharedLine(_ fields: SlackFields) -> String {
    var line = "[message"
    let author =
      fields.firstText("author_name")
      ?? fields.firstText("author_id").map { directory.person($0).shown }
    if let author { line += " of \(author)" }
    let channel =
      fields.firstText("channel_name")
      ?? fields.firstText("channel_id").flatMap { directory.channelName($0) }
    if let channel { line += " in #\(channel)" }
    if let link = fields.firstText("from_url") { line += ", \(link)" }
    return line + "]"
  }
}
