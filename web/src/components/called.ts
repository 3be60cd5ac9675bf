/** What people are called: the end of their ids tells those apart whose names look alike. */

/** Somebody, as the server names them. */
export interface Named {
  participant_id: string;
  display_name?: string;
  name_skeleton?: string;
}

const TAG_LENGTH = 4;
/** What ends as if it had a tag, as it looks: a name could pass for another one with its tag. */
const SEEMS_TAGGED = /\s[^\p{L}\p{N}\s]\s?[\p{L}\p{N}\p{M}]{4,8}$/u;

/** Returns the tags of those who need one, each as it follows the name. */
export function tagsAmong(people: readonly Named[]): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const tags = new Map<string, string>();
  for (const { participant_id: id, name_skeleton: skeleton } of people) {
    if (skeleton === undefined) continue;
    const other = first.get(skeleton);
    if (other === undefined) first.set(skeleton, id);
    else if (other !== id) [other, id].forEach((one) => tags.set(one, tagOf(one)));
    if (SEEMS_TAGGED.test(skeleton)) tags.set(id, tagOf(id));
  }
  return tags;
}

/** Returns what to call somebody in a text, among those who are listed; undefined if they have no name. */
export function calledAmong(people: readonly Named[], { participant_id: id, display_name: name }: Named): string | undefined {
  return name === undefined ? undefined : name + (tagsAmong(people).get(id) ?? '');
}

// Behind a name that is written from right to left, the mark keeps the tag in its order.
function tagOf(id: string): string {
  return ` \u200E· ${id.slice(-TAG_LENGTH).toLowerCase()}`;
}
