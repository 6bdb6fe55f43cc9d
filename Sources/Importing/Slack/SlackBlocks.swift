import DaybookModel

/// Blocks (https://docs.slack.dev/reference/block-kit/blocks) as text, and their elements. What has
/// no words in it, and what is not known here, is counted.
struct SlackBlocks {
  private(set) var skipped: [String: Int] = [:]
  private let directory: SlackDirectory

  init(_ directory: SlackDirectory) { self.directory = directory }

  private mutating func skip(_ what: String) { skipped[what, default: 0] += 1 }

  /// What one block says, in lines.
  mutating func text(of block: SlackFields) -> SlackText {
    switch block.textIfAny("type") ?? "" {
    case "rich_text": return richText(block)
    case "section": return section(block)
    case "header": return words(block.object("text"))
    case "context": return lines(block.objects("elements").map { element($0) }, separator: " ")
    case "actions": return lines(block.objects("elements").map { element($0) }, separator: " ")
    case "image": return image(block)
    case "video":
      var line = SlackText(plain: "[video: ")
      line.append(words(block.object("title")))
      if let url = block.firstText("title_url", "video_url") { line.append(plain: ", \(url)") }
      line.append(plain: "]")
      return line
    case "input": return words(block.object("label"))
    case "markdown": return SlackText(plain: block.textIfAny("text") ?? "")
    case "table":
      let rows = rows(block)
      return lines(rows.map { row in lines(row, separator: " | ") })
    case "file":
      return SlackText(plain: "[file: \(block.firstText("external_id", "file_id") ?? "")]")
    case "divider": return SlackText()
    case let other:
      skip("block_\(other)")
      return SlackText()
    }
  }

  private func lines(_ pieces: [SlackText], separator: String = "\n") -> SlackText {
    var all = SlackText()
    for piece in pieces where !piece.isEmpty {
      if !all.isEmpty { all.append(plain: separator) }
      all.append(piece)
    }
    return all
  }

  /// A text object: in Slack's markup, or plain.
  private func words(_ object: SlackFields?) -> SlackText {
    guard let object, let text = object.textIfAny("text") else { return SlackText() }
    if object.textIfAny("type") == "mrkdwn" { return SlackText(text, directory) }
    return SlackText(plain: SlackText.unescaped(Array(text.utf8)[...]))
  }

  private mutating func section(_ block: SlackFields) -> SlackText {
    var pieces = [words(block.object("text"))] + block.objects("fields").map { words($0) }
    if let accessory = block.object("accessory") { pieces.append(element(accessory)) }
    return lines(pieces)
  }

  private func image(_ block: SlackFields) -> SlackText {
    let title = words(block.object("title")).text
    let name = title.isEmpty ? block.firstText("alt_text") ?? "" : title
    let url =
      block.firstText("image_url") ?? block.object("slack_file")?.firstText("url", "id") ?? ""
    let parts = [name, url].filter { !$0.isEmpty }
    return SlackText(plain: "[image: \(parts.joined(separator: ", "))]")
  }

  private mutating func rows(_ block: SlackFields) -> [[SlackText]] {
    guard case .array(let rows)? = block.value["rows"] else { return [] }
    var texts: [[SlackText]] = []
    for row in rows {
      guard case .array(let cells) = row else { continue }
      var line: [SlackText] = []
      for cell in cells {
        guard let fields = SlackFields(object: cell) else { continue }
        line.append(
          fields.textIfAny("type") == "rich_text"
            ? richText(fields) : SlackText(plain: fields.number("text") ?? ""))
      }
      texts.append(line)
    }
    return texts
  }

  static func button(_ label: String?, _ url: String?) -> SlackText {
    let parts = [label, url].compactMap { $0 }.filter { !$0.isEmpty }
    return SlackText(plain: parts.isEmpty ? "" : "[\(parts.joined(separator: ": "))]")
  }

  /// What stands in a context, beside a section or among actions.
  private mutating func element(_ element: SlackFields) -> SlackText {
    switch element.textIfAny("type") ?? "" {
    case "mrkdwn", "plain_text": return words(element)
    case "image": return image(element)
    case "button", "workflow_button", "feedback_buttons", "icon_button":
      let label = words(element.object("text")).text
      if label.isEmpty { skip("element_button") }
      return SlackBlocks.button(label, element.firstText("url"))
    case "overflow", "checkboxes", "radio_buttons":
      let options = element.objects("options").map { words($0.object("text")).text }
      return SlackText(plain: options.isEmpty ? "" : "[\(options.joined(separator: ", "))]")
    case let other:
      let chosen = element.object("initial_option")?.object("text") ?? element.object("placeholder")
      let label = words(chosen).text
      if label.isEmpty { skip("element_\(other)") }
      return SlackBlocks.button(label, nil)
    }
  }

  // MARK: rich text

  private mutating func richText(_ block: SlackFields) -> SlackText {
    lines(block.objects("elements").map { part(of: $0) })
  }

  private mutating func part(of element: SlackFields) -> SlackText {
    switch element.textIfAny("type") ?? "" {
    case "rich_text_section": return inline(element)
    case "rich_text_quote":
      var text = inline(element)
      text.mapLines { "> \($0)" }
      return text
    case "rich_text_preformatted":
      var text = SlackText(plain: "```\n")
      text.append(inline(element))
      text.append(plain: "\n```")
      return text
    case "rich_text_list": return list(element)
    case let other:
      skip("block_\(other)")
      return SlackText()
    }
  }

  private mutating func list(_ element: SlackFields) -> SlackText {
    let indent = String(
      repeating: "  ", count: min(16, max(0, element.number("indent").flatMap { Int($0) } ?? 0)))
    let first = max(0, element.number("offset").flatMap { Int($0) } ?? 0)
    let isOrdered = element.textIfAny("style") == "ordered"
    var items: [SlackText] = []
    for (index, item) in element.objects("elements").enumerated() {
      var line = SlackText(plain: indent + (isOrdered ? "\(first + index + 1). " : "• "))
      line.append(inline(item))
      items.append(line)
    }
    return lines(items)
  }

  private mutating func inline(_ element: SlackFields) -> SlackText {
    var text = SlackText()
    for part in element.objects("elements") { append(part, to: &text) }
    return text
  }

  private mutating func append(_ part: SlackFields, to text: inout SlackText) {
    switch part.textIfAny("type") ?? "" {
    case "text": text.append(plain: styled(part.textIfAny("text") ?? "", part.object("style")))
    case "link": text.appendLink(part.textIfAny("url") ?? "", part.firstText("text"))
    case "user": text.mention(part.textIfAny("user_id") ?? "", nil, directory)
    case "channel": text.appendChannel(part.textIfAny("channel_id") ?? "", nil, directory)
    case "usergroup": text.append(plain: "@\(part.textIfAny("usergroup_id") ?? "")")
    case "team": text.append(plain: "@\(part.textIfAny("team_id") ?? "")")
    case "broadcast": text.appendEveryone()
    case "emoji": text.append(plain: ":\(part.textIfAny("name") ?? ""):")
    case "color": text.append(plain: part.textIfAny("value") ?? "")
    case "date": text.appendDate(part.number("timestamp") ?? "", part.firstText("fallback"))
    case let other:
      guard let words = part.firstText("text", "fallback") else { return skip("element_\(other)") }
      text.append(plain: words)
    }
  }

  /// In the marks that a text has. They stand at the words, not at the spaces around them.
  private func styled(_ text: String, _ style: SlackFields?) -> String {
    guard let style, let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return text }
    var words = String(text[first...last])
    if style.isTrue("code") { words = "`\(words)`" }
    if style.isTrue("strike") { words = "~\(words)~" }
    if style.isTrue("italic") { words = "_\(words)_" }
    if style.isTrue("bold") { words = "*\(words)*" }
    return text[..<first] + words + text[text.index(after: last)...]
  }
}
